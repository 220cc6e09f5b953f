//! What journals print: widths and heights of figures, and the dots an inch of pixels that hold lines and letters.

use serde::{Deserialize, Serialize};

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Width of a column, millimetres.
    pub column_mm: u32,
    /// A width between column and page, where the journal prints one.
    pub middle_mm: Option<u32>,
    /// Width of what is printed on a page.
    pub page_mm: u32,
    /// The greatest height of a figure with room for its caption.
    pub height_mm: u32,
    /// Dots an inch of figures as pixels.
    pub dpi: u32,
}

impl Paper {
    /// Widths of figures, ascending.
    pub fn widths(self) -> impl Iterator<Item = u32> {
        [Some(self.column_mm), self.middle_mm, Some(self.page_mm)].into_iter().flatten()
    }
}

/// Presets by the publisher, from their guides for artwork. Letters are 8 points in the narrowest column and grow with it.
pub const JOURNALS: [(&str, Paper); 2] = [
    ("springer", Paper { column_mm: 84, middle_mm: None, page_mm: 174, height_mm: 234, dpi: 600 }),
    ("elsevier", Paper { column_mm: 90, middle_mm: Some(140), page_mm: 190, height_mm: 240, dpi: 600 }),
];

impl Default for Paper {
    fn default() -> Self {
        JOURNALS[0].1
    }
}
