//! The letters of everything that the report draws. They are part of the program, so that the same report has the same bytes on
//! every machine: Liberation Sans, which has the metrics of Arial and Helvetica. SIL Open Font License 1.1; the licence lies beside it.

use std::sync::LazyLock;

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};

/// A cut of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Text.
    Regular,
    /// Headings and what stands out.
    Bold,
}

/// One letter of a text as it is set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    /// Its number in the font; 0 where the font does not have it.
    pub(super) id: u32,
    /// How far it moves the pen, as a share of the font's size.
    pub(super) advance: f32,
    /// The bytes of the text that it stands for.
    pub(super) range: std::ops::Range<usize>,
}

impl Face {
    /// The file of the font.
    pub(super) fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("fonts/LiberationSans-Regular.ttf"),
            Self::Bold => include_bytes!("fonts/LiberationSans-Bold.ttf"),
        }
    }

    /// `text`, letter by letter, without kerning.
    pub(super) fn glyphs(self, text: &str) -> impl Iterator<Item = Glyph> {
        let font = self.font();
        let (letters, widths) = (font.charmap(), font.glyph_metrics(Size::new(1.0), LocationRef::default()));
        text.char_indices().map(move |(start, letter)| {
            let id = letters.map(letter).unwrap_or_default();
            let advance = widths.advance_width(id).unwrap_or_default();
            Glyph { id: id.to_u32(), advance, range: start..start + letter.len_utf8() }
        })
    }

    /// Width of `text` in units of the font's size.
    pub(super) fn ems(self, text: &str) -> f64 {
        self.glyphs(text).map(|glyph| f64::from(glyph.advance)).sum()
    }

    /// The font, read.
    pub(super) fn font(self) -> &'static skrifa::FontRef<'static> {
        static FONTS: LazyLock<[skrifa::FontRef<'static>; 2]> = LazyLock::new(|| {
            [Face::Regular, Face::Bold]
                .map(|face| skrifa::FontRef::new(face.data()).expect("BUG: the font that ships is damaged"))
        });
        &FONTS[self as usize]
    }
}

/// `text` in lines no wider than `width`, in units of the font's size. Lines break at spaces, or within a word that is wider.
pub(super) fn wrap(face: Face, text: &str, width: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let line = lines.last_mut().expect("BUG: there is always a line");
        if line.is_empty() || face.ems(line) + face.ems(" ") + face.ems(word) <= width {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        break_word(face, &mut lines, width);
    }
    lines
}

/// Breaks the last line where it is a single word that is too wide.
fn break_word(face: Face, lines: &mut Vec<String>, width: f64) {
    while let Some(line) = lines.last_mut().filter(|line| face.ems(line) > width && line.chars().count() > 1) {
        let mut reached = 0.0;
        let fits = |glyph: &Glyph| {
            reached += f64::from(glyph.advance);
            glyph.range.start == 0 || reached <= width
        };
        let Some(end) = face.glyphs(line).take_while(fits).last().map(|glyph| glyph.range.end).filter(|end| *end < line.len())
        else {
            return;
        };
        let rest = line.split_off(end);
        lines.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_helvetica() {
        // Adobe's font metrics of Helvetica, thousandths of an em.
        assert!((Face::Regular.ems("AUC") - (0.667 + 0.722 + 0.722)).abs() < 0.002);
        assert!((Face::Bold.ems("0.95") - (3.0 * 0.556 + 0.278)).abs() < 0.002);
    }

    #[test]
    fn the_characters_of_the_report_are_in_both_faces() {
        for face in [Face::Regular, Face::Bold] {
            let missing: Vec<char> =
                "\u{2212}\u{d7}\u{b1}\u{2264}\u{2265}\u{3c7}\u{b2}\u{2080}\u{201c}\u{201d}\u{2026}\u{b5}\u{a0}\u{202f}"
                    .chars()
                    .filter(|letter| face.glyphs(&letter.to_string()).any(|glyph| glyph.id == 0))
                    .collect();
            assert!(missing.is_empty(), "{face:?} lacks {missing:?}");
        }
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = "Confidence intervals by DeLong\u{2019}s variance sha256:0123456789abcdef0123456789abcdef";
        for width in [3.0, 8.0, 20.0, 100.0] {
            let lines = wrap(Face::Regular, text, width);
            assert!(lines.iter().all(|line| Face::Regular.ems(line) <= width), "{lines:?}");
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }
}
