//! What journals print: the width of a column and the dots an inch of pixels that hold lines and letters.

use serde::{Deserialize, Serialize};

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Width of a column, millimetres.
    pub column_mm: u32,
    /// Dots an inch of figures as pixels.
    pub dpi: u32,
}

/// Presets by the publisher, from their guides for artwork. Letters are 8 points in the narrowest column and grow with it.
pub const JOURNALS: [(&str, Paper); 2] =
    [("springer", Paper { column_mm: 84, dpi: 600 }), ("elsevier", Paper { column_mm: 90, dpi: 600 })];

impl Default for Paper {
    fn default() -> Self {
        JOURNALS[0].1
    }
}
