//! Part of the area under the curve: over the specificities, or the sensitivities, that a reader would work at.

use thiserror::Error;

use crate::stats::{Axis, Roc, Undefined};

/// The part of an axis that the area is taken over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    axis: Axis,
    low: f64,
    high: f64,
}

/// Limits that enclose no part of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{low} to {high} is no band of rates; give two different numbers within 0 and 1, the lower first")]
pub struct InvalidBand {
    /// The limit given as lower.
    pub low: f64,
    /// The limit given as upper.
    pub high: f64,
}

impl Band {
    /// Rates from `low` to `high` along `axis`.
    ///
    /// # Errors
    /// Unless 0 ≤ `low` < `high` ≤ 1.
    pub fn new(axis: Axis, low: f64, high: f64) -> Result<Self, InvalidBand> {
        if 0.0 <= low && low < high && high <= 1.0 { Ok(Self { axis, low, high }) } else { Err(InvalidBand { low, high }) }
    }

    fn width(&self) -> f64 {
        self.high - self.low
    }

    /// The area under the diagonal, where the rates are a and 1 - a.
    fn chance(&self) -> f64 {
        self.width() * (1.0 - (self.low + self.high) / 2.0)
    }
}

/// Area under the curve within `band`, in [0, width of the band]: trapezoids with interpolated ends. Over the whole axis the AUC.
pub fn partial_area(roc: &Roc, band: &Band) -> f64 {
    roc.segments(band.axis).map(|[a, b]| trapezoid(a, b, band)).sum()
}

fn trapezoid(a: (f64, f64), b: (f64, f64), band: &Band) -> f64 {
    let (low, high) = (a.0.max(band.low), b.0.min(band.high));
    if low >= high {
        return 0.0;
    }
    let height = |x: f64| a.1 + (b.1 - a.1) * ((x - a.0) / (b.0 - a.0));
    (high - low) * (height(low) + height(high)) / 2.0
}

/// The partial `area` rescaled to 1/2 for chance and 1 for the largest possible (McClish 1989, Med Decis Making 9:190):
/// (1 + (A - A_chance)/(A_max - A_chance))/2, with A_max the width of the band.
///
/// # Errors
/// [`Undefined::BelowDiagonal`] where the area is smaller than that of chance, for which the scale is not made.
pub fn mcclish(area: f64, band: &Band) -> Result<f64, Undefined> {
    let chance = band.chance();
    // A curve along the diagonal may come out a rounding error below it.
    if area < chance * (1.0 - 1e-12) {
        return Err(Undefined::BelowDiagonal);
    }
    Ok((1.0 + (area - chance) / (band.width() - chance)) / 2.0)
}
