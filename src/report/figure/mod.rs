//! Figures: a caption and one or more panels, each a vector drawing with its words for those who cannot see it.

mod axes;
mod canvas;
mod forest;
mod html;
mod learning;
mod legend;
mod line;
mod png;
mod roc;
mod tree;

pub(super) use canvas::Panel;
pub(super) use forest::forest;
pub(super) use learning::{Measure, learning};
pub(super) use line::{Line, of_design, of_pair};
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
}

impl Figure {
    /// A figure yet to be numbered.
    pub(super) fn new(slug: impl Into<String>, caption: impl Into<String>, panels: Vec<Panel>) -> Self {
        Self { number: 0, slug: slug.into(), caption: caption.into(), panels }
    }

    /// `Figure 2`.
    pub(super) fn label(&self) -> String {
        format!("Figure {}", self.number)
    }

    /// Every panel with its letter (where there are several) and its file name without the ending.
    pub(super) fn lettered(&self) -> impl Iterator<Item = (Option<char>, String, &Panel)> {
        let several = self.panels.len() > 1;
        self.panels.iter().zip(letters()).map(move |(panel, letter)| {
            let letter = several.then_some(letter);
            let stem = format!("figure{}{}-{}", self.number, letter.map(String::from).unwrap_or_default(), self.slug);
            (letter, stem, panel)
        })
    }
}

/// Panel letters; a figure of more panels than letters would not be readable and shows the first ones.
fn letters() -> impl Iterator<Item = char> {
    'a'..='z'
}
