//! Two areas from different subjects: DeLong's variances add up, and their degrees of freedom are estimated after Welch (1947,
//! Biometrika 34:28), as pROC does for unpaired curves.

use crate::stats::{Placements, Undefined, auc, delong, special::student};

/// The conclusion of a test of H₀: the areas are equal, on independent subjects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndependentTest {
    /// The difference in standard errors; positive when the first area is larger.
    pub t: f64,
    /// Degrees of freedom, larger than 0.
    pub freedom: f64,
}

impl IndependentTest {
    /// Two-sided p-value.
    pub fn two_sided(&self) -> f64 {
        student::two_sided(self.t, self.freedom)
    }

    /// One-sided p-value of the alternative that the first area is larger.
    pub fn greater(&self) -> f64 {
        student::upper_tail(self.t, self.freedom)
    }

    /// One-sided p-value of the alternative that the first area is smaller.
    pub fn less(&self) -> f64 {
        student::upper_tail(-self.t, self.freedom)
    }
}

/// With variances v and numbers of subjects N: t = (θ₁ - θ₂)/√(v₁ + v₂), ν = (v₁ + v₂)²/(v₁²/(N₁-1) + v₂²/(N₂-1)).
///
/// # Errors
/// [`Undefined`] with a single case or control in either study, and where both variances are 0.
pub fn independent(first: &Placements, second: &Placements) -> Result<IndependentTest, Undefined> {
    let (v1, v2) = (delong::variance(first)?, delong::variance(second)?);
    let variance = v1 + v2;
    if variance == 0.0 {
        return Err(Undefined::NoVariance);
    }
    let share = |variance: f64, curve: &Placements| variance * variance / (curve.reference().subjects() - 1) as f64;
    let freedom = variance * variance / (share(v1, first) + share(v2, second));
    Ok(IndependentTest { t: (auc(first) - auc(second)) / variance.sqrt(), freedom })
}
