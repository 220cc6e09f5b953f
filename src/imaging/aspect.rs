//! The shape of pixels.

/// Height of a pixel over its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aspect(f64);

impl Aspect {
    /// As high as wide.
    pub const SQUARE: Self = Self(1.0);

    /// Of pixels whose rows and columns are so many mm apart; where one of the distances is not known, they count as square.
    pub fn of(row_spacing_mm: f64, column_spacing_mm: f64) -> Self {
        let ratio = row_spacing_mm / column_spacing_mm;
        if ratio.is_finite() && ratio > 0.0 { Self(ratio) } else { Self::SQUARE }
    }

    /// Height over width.
    pub(super) fn ratio(self) -> f64 {
        self.0
    }
}
