//! `[images]`: what every image becomes.

use super::super::experiment::Images;
use super::super::section::{Item, Section};
use crate::imaging::{Fit, Window};

/// `[images]` field by field: others are checked against a size or a window even where the rest of the table is faulty.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) size: Option<usize>,
    pub(super) window: Option<Window>,
    fit: Option<Fit>,
}

impl Written {
    /// The whole, if every field is right.
    pub(super) fn whole(self) -> Option<Images> {
        Some(Images { size: self.size?, window: self.window?, fit: self.fit? })
    }
}

pub(super) fn read(s: &mut Section<'_>) -> Written {
    let size = s.required("size", |item| item.count(16, 1024));
    let window = s.required("window", |item| window(&item));
    let fit = s.optional("fit", Fit::Squash, |item| item.one_of(&[("squash", Fit::Squash), ("pad", Fit::Pad)]));
    Written { size, window, fit }
}

/// `{ width = 80, level = 35 }`.
pub(super) fn window(item: &Item<'_>) -> Option<Window> {
    item.table(|s| {
        let width = s.required("width", |item| item.number("a width of 1 HU at least", |x| x >= 1.0));
        let level = s.required("level", |item| item.number("a level in HU", |x| x.abs() <= 32_768.0));
        Some(Window { width: width?, level: level? })
    })
}
