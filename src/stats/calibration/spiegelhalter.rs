//! Spiegelhalter's test (1986, Stat Med 5:421): whether the Brier score is what it would be if every probability were true.

use crate::stats::{Probabilities, Undefined, normal};

/// The test of H₀: every subject's probability is its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spiegelhalter {
    /// Deviation of the Brier score from its expectation in standard errors; positive when the score is worse.
    pub z: f64,
    /// Two-sided p-value in [0, 1].
    pub p: f64,
}

/// z = Σ (y - p)(1 - 2p) / √[Σ (1 - 2p)² p (1 - p)].
///
/// # Errors
/// [`Undefined::NoUncertainty`] where every probability is 0, ½ or 1: then the score cannot vary under H₀.
pub fn spiegelhalter(probabilities: &Probabilities) -> Result<Spiegelhalter, Undefined> {
    let variance = probabilities.sum(|p, _| (1.0 - 2.0 * p).powi(2) * p * (1.0 - p));
    if variance == 0.0 {
        return Err(Undefined::NoUncertainty);
    }
    let z = probabilities.sum(|p, y| (y - p) * (1.0 - 2.0 * p)) / variance.sqrt();
    Ok(Spiegelhalter { z, p: normal::two_sided(z) })
}
