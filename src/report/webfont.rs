//! The letters inside of what browsers show: a style sheet's rules that carry the font that ships, cut down to the letters in use, so that
//! a drawing or a page looks the same where that font is not installed.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use skera::{DEFAULT_DROP_TABLES, DEFAULT_LAYOUT_FEATURES, Plan, SubsetFlags, subset_font};
use skrifa::raw::collections::IntSet;

use super::font::Face;

/// Family by which the rules are found.
pub(super) const FAMILY: &str = "Liberation Sans";

impl Face {
    /// A rule `@font-face` with the letters of `text` in this cut; the same text gives the same bytes.
    pub(super) fn rule(self, text: &str) -> String {
        let weight = match self {
            Self::Regular => "normal",
            Self::Bold => "bold",
        };
        let data = BASE64_STANDARD.encode(self.subset(text));
        format!("@font-face{{font-family:\"{FAMILY}\";font-weight:{weight};src:url(data:font/ttf;base64,{data})}}")
    }

    /// The font's file with the letters of `text` alone; hints go, since today's screens and all printers do without.
    fn subset(self, text: &str) -> Vec<u8> {
        let mut every = IntSet::empty();
        every.invert();
        let plan = Plan::new(
            &IntSet::empty(),
            &text.chars().filter(|letter| !letter.is_control()).map(u32::from).collect(),
            self.font(),
            SubsetFlags::SUBSET_FLAGS_NO_HINTING,
            &DEFAULT_DROP_TABLES.iter().copied().collect(),
            &every,
            &DEFAULT_LAYOUT_FEATURES.iter().copied().collect(),
            &IntSet::empty(),
            &IntSet::empty(),
        );
        subset_font(self.font(), &plan).expect("BUG: the font that ships cannot be cut down")
    }
}

#[cfg(test)]
mod tests {
    use skrifa::{FontRef, MetadataProvider};

    use super::*;

    #[test]
    fn a_subset_holds_its_letters_and_no_others() {
        for face in [Face::Regular, Face::Bold] {
            let data = face.subset("AUC 0.95\u{2212}×");
            let letters = FontRef::new(&data).expect("a font").charmap();
            assert!("AUC0.95\u{2212}×".chars().all(|letter| letters.map(letter).is_some_and(|id| id.to_u32() > 0)));
            assert!(letters.map('Q').is_none());
            assert!(data.len() < face.data().len() / 10, "{} bytes", data.len());
        }
    }

    #[test]
    fn equal_letters_give_equal_rules_whatever_their_order() {
        assert_eq!(Face::Regular.rule("abc"), Face::Regular.rule("cab\ncab"));
        assert_ne!(Face::Regular.rule("abc"), Face::Bold.rule("abc"));
    }

    #[test]
    fn letters_that_the_font_does_not_have_do_no_harm() {
        assert!(Face::Regular.rule("日本 \u{10ffff}").starts_with("@font-face{"));
        assert!(Face::Regular.rule("").starts_with("@font-face{"));
    }
}
