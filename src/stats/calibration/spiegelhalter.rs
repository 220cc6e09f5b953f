//! Spiegelhalter's test (1986, Stat Med 5:421): whether the Brier score is what it would be if every probability were true.

use crate::stats::{Probabilities, Undefined, ZTest};

/// The test of H₀: every subject's probability is its own. z is positive where the Brier score is worse than expected:
///
/// z = Σ (y - p)(1 - 2p) / √[Σ (1 - 2p)² p (1 - p)].
///
/// # Errors
/// [`Undefined::NoUncertainty`] where every probability is 0, ½ or 1: then the score cannot vary under H₀.
pub fn spiegelhalter(probabilities: &Probabilities) -> Result<ZTest, Undefined> {
    let variance = probabilities.sum(|p, _| (1.0 - 2.0 * p).powi(2) * p * (1.0 - p));
    if variance == 0.0 {
        return Err(Undefined::NoUncertainty);
    }
    Ok(ZTest { z: probabilities.sum(|p, y| (y - p) * (1.0 - 2.0 * p)) / variance.sqrt() })
}
