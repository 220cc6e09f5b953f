//! A standardised estimate and what it says about its hypothesis.

use super::normal;

/// A statistic that is standard normal under its null hypothesis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZTest {
    /// (Estimate - hypothesis) in standard errors.
    pub z: f64,
}

impl ZTest {
    /// Two-sided p-value.
    pub fn two_sided(self) -> f64 {
        normal::two_sided(self.z)
    }

    /// One-sided p-value of the alternative that the truth is greater than the hypothesis.
    pub fn greater(self) -> f64 {
        normal::upper_tail(self.z)
    }

    /// One-sided p-value of the alternative that the truth is less than the hypothesis.
    pub fn less(self) -> f64 {
        normal::upper_tail(-self.z)
    }
}
