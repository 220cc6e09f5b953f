//! Intervals from an estimate and its variance under the normal law (Wald).

use super::Level;

/// A two-sided confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

impl Interval {
    /// estimate ± z₁₋α⸝₂ √variance. For an AUC see the coverage near 1: below nominal, which is why [`super::exact_interval`] exists.
    pub fn normal(estimate: f64, variance: f64, level: Level) -> Self {
        let half = level.critical() * variance.sqrt();
        Self { lower: estimate - half, upper: estimate + half }
    }

    /// The part of the interval within [0, 1], where an AUC can lie.
    #[must_use]
    pub fn clipped(self) -> Self {
        Self { lower: self.lower.clamp(0.0, 1.0), upper: self.upper.clamp(0.0, 1.0) }
    }
}
