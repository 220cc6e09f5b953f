//! One area against a value fixed beforehand, by DeLong's variance.

use super::{auc, delong};
use crate::stats::{Placements, Undefined, ZTest};

/// Test of H₀: the area is `value`: z = (θ - θ₀)/√var.
///
/// # Errors
/// [`Undefined`] with a single case or control, and where the variance is 0 (complete separation: see
/// [`exact_interval`](super::exact_interval); a constant score: no information).
pub fn against(curve: &Placements, value: f64) -> Result<ZTest, Undefined> {
    match (auc(curve), delong::variance(curve)?) {
        (0.0 | 1.0, 0.0) => Err(Undefined::CompleteSeparation),
        (_, 0.0) => Err(Undefined::NoInformation),
        (area, variance) => Ok(ZTest { z: (area - value) / variance.sqrt() }),
    }
}
