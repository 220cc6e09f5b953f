//! `[images]`: what every image becomes.

use super::super::experiment::Images;
use super::super::section::{Item, Section};
use crate::imaging::{Fit, Window};

pub(super) fn read(s: &mut Section<'_>) -> Option<Images> {
    let size = s.required("size", |item| item.count(16, 1024));
    let window = s.required("window", |item| window(&item));
    let fit = s.optional("fit", Fit::Squash, |item| item.one_of(&[("squash", Fit::Squash), ("pad", Fit::Pad)]));
    Some(Images { size: size?, window: window?, fit: fit? })
}

/// `{ width = 80, level = 35 }`.
pub(super) fn window(item: &Item<'_>) -> Option<Window> {
    item.table(|s| {
        let width = s.required("width", |item| item.number("a width of 1 HU at least", |x| x >= 1.0));
        let level = s.required("level", |item| item.number("a level in HU", |x| x.abs() <= 32_768.0));
        Some(Window { width: width?, level: level? })
    })
}
