//! Draws that a body allows: every quantity has limits, so no normal deviate goes beyond 2.5 standard deviations.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

const LIMIT: f64 = 2.5;

/// A normal deviate, clipped at 2.5 standard deviations.
pub(super) fn normal(rng: &mut impl Rng, mean: f64, sd: f64) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    mean + sd * z.clamp(-LIMIT, LIMIT)
}

/// A uniform deviate in `low..high`.
pub(super) fn uniform(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// True with this probability.
pub(super) fn chance(rng: &mut impl Rng, probability: f64) -> bool {
    rng.random::<f64>() < probability
}
