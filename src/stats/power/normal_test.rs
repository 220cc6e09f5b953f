//! The arithmetic that all normal tests of areas share: with m cases, an estimate of δ has variance V₀/m where δ = 0 and V_A/m
//! where it is what one hopes to see (Obuchowski & McClish 1997, Stat Med 16:1529).
//!
//! ```text
//! √m |δ| = z_α √V₀ + z_β √V_A
//! ```

use super::{Power, Sides, Significance};
use crate::stats::{Undefined, normal};

/// A difference to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalTest {
    effect: f64,
    null_deviation: f64,
    deviation: f64,
}

impl NormalTest {
    /// δ, V₀ and V_A.
    ///
    /// # Errors
    /// [`Undefined::NoEffect`] where δ is 0, [`Undefined::NegativeVariance`] where V₀ is below 0.
    pub(super) fn new(effect: f64, null_variance: f64, variance: f64) -> Result<Self, Undefined> {
        if effect == 0.0 {
            return Err(Undefined::NoEffect);
        }
        if null_variance < 0.0 || variance < 0.0 {
            return Err(Undefined::NegativeVariance);
        }
        Ok(Self { effect: effect.abs(), null_deviation: null_variance.sqrt(), deviation: variance.sqrt() })
    }

    /// Cases needed, not rounded; 0 where the level alone gives the power.
    pub fn cases(&self, significance: Significance, power: Power) -> f64 {
        let needed = significance.critical() * self.null_deviation + power.critical() * self.deviation;
        (needed.max(0.0) / self.effect).powi(2)
    }

    /// Probability of seeing the difference with so many cases, in [0, 1].
    pub fn power(&self, significance: Significance, cases: f64) -> f64 {
        let excess = cases.sqrt() * self.effect - significance.critical() * self.null_deviation;
        match self.deviation {
            0.0 => f64::from(u8::from(excess > 0.0)),
            deviation => normal::upper_tail(-excess / deviation),
        }
    }

    /// The level at which so many cases have that power.
    ///
    /// # Errors
    /// [`Undefined::Unreachable`] where none below 1 does.
    pub fn significance(&self, sides: Sides, power: Power, cases: f64) -> Result<Significance, Undefined> {
        let critical = (cases.sqrt() * self.effect - power.critical() * self.deviation) / self.null_deviation;
        Significance::of_critical(critical, sides).map_err(|_| Undefined::Unreachable)
    }
}
