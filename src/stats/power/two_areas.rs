//! Two areas over the same subjects, from a pilot study's curves (Obuchowski & McClish 1997, Stat Med 16:1529, with DeLong's
//! variances).

use super::NormalTest;
use crate::stats::{Pair, Undefined, delong};

/// What the variance of the difference is taken to be where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullVariance {
    /// 2 var(θ₁) - 2 cov: both areas would vary as the **first** does. pROC's; exchanging the curves changes the answer,
    /// tenfold in the reference set, and may leave none.
    OfFirst,
    /// var(θ₁) + var(θ₂) - 2 cov, as in the pilot: exchanging the curves changes nothing.
    OfDifference,
}

/// The test of equal areas where they differ as in the pilot; its sizes are numbers of cases, with as many controls to each as
/// the pilot had.
///
/// # Errors
/// [`Undefined`] with a single case or control in the pilot, [`Undefined::NoEffect`] where its areas are equal,
/// [`Undefined::NoVariance`] where they differ and yet do not vary, [`Undefined::NegativeVariance`] where
/// [`NullVariance::OfFirst`] comes out below 0.
pub fn two_areas(pilot: &Pair<'_>, null: NullVariance) -> Result<NormalTest, Undefined> {
    let (first, _) = pilot.curves();
    let variance = pilot.variance()?;
    if variance == 0.0 && pilot.difference() != 0.0 {
        return Err(Undefined::NoVariance);
    }
    let null_variance = match null {
        NullVariance::OfFirst => 2.0 * (delong::variance(first)? - delong::covariance(pilot)?),
        NullVariance::OfDifference => variance,
    };
    let cases = first.reference().cases() as f64;
    NormalTest::new(pilot.difference(), cases * null_variance, cases * variance)
}
