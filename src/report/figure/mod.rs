//! Figures: a caption and one or more panels, each a vector drawing with its words for those who cannot see it.

mod axes;
mod canvas;
mod diagram;
mod forest;
mod html;
mod image;
mod learning;
mod legend;
mod line;
mod matrix;
mod png;
mod reliability;
mod roc;
mod sheet;
mod tree;
mod vector;

pub(super) use canvas::Panel;
pub(super) use diagram::Diagram;
pub(super) use forest::forest;
pub(super) use image::{Image, Mark};
pub(super) use learning::{Measure, learning};
pub(super) use line::{Line, of_design, of_pair, of_position};
pub(super) use matrix::matrix;
pub(super) use reliability::{Reliability, reliability};
pub(super) use roc::{Curve, roc};
pub(super) use tree::tree;

/// One numbered figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// Position among the figures from 1; 0 until the document is complete.
    pub(super) number: usize,
    /// What it is about in one word, part of the file names (`roc`).
    pub(super) slug: String,
    /// What it shows.
    pub(super) caption: String,
    /// Its drawings; lettered when there are several.
    pub(super) panels: Vec<Panel>,
    /// How many of them belong side by side, where it matters.
    pub(super) across: Option<usize>,
}

impl Figure {
    /// A figure yet to be numbered.
    pub(super) fn new(slug: impl Into<String>, caption: impl Into<String>, panels: Vec<Panel>) -> Self {
        Self { number: 0, slug: slug.into(), caption: caption.into(), panels, across: None }
    }

    /// With so many panels in a row.
    pub(super) fn in_rows_of(self, across: usize) -> Self {
        Self { across: Some(across), ..self }
    }

    /// `Figure 2`.
    pub(super) fn label(&self) -> String {
        format!("Figure {}", self.number)
    }

    /// Every panel with its letter (where there are several) and its file name without the ending.
    pub(super) fn lettered(&self) -> impl Iterator<Item = (Option<String>, String, &Panel)> {
        let several = self.panels.len() > 1;
        self.panels.iter().enumerate().map(move |(position, panel)| {
            let letter = several.then(|| letter(position));
            let stem = format!("figure{}{}-{}", self.number, letter.as_deref().unwrap_or_default(), self.slug);
            (letter, stem, panel)
        })
    }
}

/// `a` to `z`, then `aa`, `ab` and so on.
fn letter(position: usize) -> String {
    let last = char::from(b'a' + (position % 26) as u8);
    match position / 26 {
        0 => last.to_string(),
        round => format!("{}{last}", letter(round - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 27, 52].map(letter), ["a", "z", "aa", "ab", "ba"]);
    }
}
