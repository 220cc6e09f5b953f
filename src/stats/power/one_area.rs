//! One area against ½, without a pilot study: variances of a binormal rating scale (Obuchowski 2004, Acad Radiol 11:1345, eq.
//! 4; Obuchowski 1994, Acad Radiol 1:29).
//!
//! ```text
//! V(θ) = 0.0099 e^(-A²/2) [5A² + 8 + (A² + 8)/k],   A = 1.414 Φ⁻¹(θ),   k = controls/cases
//! ```
//!
//! The constants are printed so, 1.414 included, and pROC uses them so; √2 would change the fourth digit of a size.

use super::{NormalTest, Power, Significance};
use crate::stats::{Undefined, normal};

/// The test of an area of ½ where it is `auc`, with `ratio` controls to a case.
///
/// # Errors
/// [`Undefined::NoEffect`] at ½, [`Undefined::OutOfRange`] where `auc` is not within (0, 1) or `ratio` is not positive.
pub fn one_area(auc: f64, ratio: f64) -> Result<NormalTest, Undefined> {
    if !(auc > 0.0 && auc < 1.0 && ratio > 0.0 && ratio.is_finite()) {
        return Err(Undefined::OutOfRange);
    }
    NormalTest::new(auc - 0.5, variance(0.5, ratio), variance(auc, ratio))
}

/// The least area above ½ that so many subjects have that power, at least ½, to tell from ½.
///
/// # Errors
/// [`Undefined::Unreachable`] where not even an area near 1 is, [`Undefined::OutOfRange`] where a number of subjects is not
/// positive, or the power is below ½: then an area that varies more is easier to see, and there need be no least one.
pub fn detectable_area(cases: f64, controls: f64, significance: Significance, power: Power) -> Result<f64, Undefined> {
    if power.probability() < 0.5 {
        return Err(Undefined::OutOfRange);
    }
    let suffices = |auc| Ok(one_area(auc, controls / cases)?.cases(significance, power) <= cases);
    let (mut below, mut above) = (0.5, 1.0f64.next_down());
    if !suffices(above)? {
        return Err(Undefined::Unreachable);
    }
    while below + f64::EPSILON < above {
        let middle = (below + above) / 2.0;
        *if suffices(middle)? { &mut above } else { &mut below } = middle;
    }
    Ok(above)
}

/// m times the variance of the area.
fn variance(auc: f64, ratio: f64) -> f64 {
    let square = (1.414 * normal::quantile(auc)).powi(2);
    0.0099 * (-square / 2.0).exp() * (5.0 * square + 8.0 + (square + 8.0) / ratio)
}
