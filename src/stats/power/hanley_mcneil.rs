//! One area against ½ with the variance that Hanley & McNeil (1982, Radiology 143:29) give it from its value and the numbers of
//! subjects alone.

use super::search::least;
use super::{Power, Significance};
use crate::stats::hanley_mcneil::variance;
use crate::stats::{Undefined, normal};

/// Probability of telling an area of `auc` from ½ with so many cases and controls, each at least 1:
/// Φ[(|θ - ½| - z_α √var(½))/√var(θ)], in [0, 1].
///
/// # Errors
/// [`Undefined::OutOfRange`] where `auc` is not within (0, 1) or a number of subjects is 0.
pub fn power(auc: f64, cases: usize, controls: usize, significance: Significance) -> Result<f64, Undefined> {
    if !(auc > 0.0 && auc < 1.0 && cases > 0 && controls > 0) {
        return Err(Undefined::OutOfRange);
    }
    let deviation = |auc| variance(auc, cases, controls).sqrt();
    let excess = (auc - 0.5).abs() - significance.critical() * deviation(0.5);
    Ok(normal::upper_tail(-excess / deviation(auc)))
}

/// Least number of cases with that power, with ⌈ratio · cases⌉ controls.
///
/// # Errors
/// [`Undefined::NoEffect`] at ½, [`Undefined::OutOfRange`] where `auc` is not within (0, 1) or `ratio` is not positive,
/// [`Undefined::Unreachable`] where more than [`MAX_SUBJECTS`](crate::stats::MAX_SUBJECTS) cases would be needed.
pub fn cases(auc: f64, ratio: f64, significance: Significance, wanted: Power) -> Result<usize, Undefined> {
    if auc == 0.5 {
        return Err(Undefined::NoEffect);
    }
    let controls = controls_of(ratio)?;
    power(auc, 1, 1, significance)?;
    least(|cases| power(auc, cases, controls(cases), significance).is_ok_and(|power| power >= wanted.probability()))
}

/// ⌈ratio · cases⌉ for a positive ratio.
pub(super) fn controls_of(ratio: f64) -> Result<impl Fn(usize) -> usize, Undefined> {
    if !(ratio > 0.0 && ratio.is_finite()) {
        return Err(Undefined::OutOfRange);
    }
    Ok(move |cases| (ratio * cases as f64).ceil() as usize)
}
