//! The errors that a study is planned for.

use thiserror::Error;

use crate::stats::normal;

/// Whether a difference counts in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// In the one that was named beforehand.
    One,
    /// In either.
    Two,
}

/// Probability α in (0, 1) of seeing a difference that is not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Significance {
    alpha: f64,
    sides: Sides,
}

/// Probability 1 - β in (0, 1) of seeing a difference that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power(f64);

/// A number that is no probability of an error.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no error rate; give a number between 0 and 1, e.g. 0.05 for a significance or 0.9 for a power")]
pub struct InvalidErrorRate(pub f64);

impl Significance {
    /// The level `alpha` of a test with so many sides.
    ///
    /// # Errors
    /// When `alpha` is not strictly between 0 and 1.
    pub fn new(alpha: f64, sides: Sides) -> Result<Self, InvalidErrorRate> {
        between(alpha).map(|alpha| Self { alpha, sides })
    }

    /// α
    pub fn alpha(self) -> f64 {
        self.alpha
    }

    /// z₁₋α⸝₂, or z₁₋α with one side.
    pub fn critical(self) -> f64 {
        -normal::quantile(match self.sides {
            Sides::One => self.alpha,
            Sides::Two => self.alpha / 2.0,
        })
    }

    /// The level whose critical value is `z`.
    pub(super) fn of_critical(z: f64, sides: Sides) -> Result<Self, InvalidErrorRate> {
        let tail = normal::upper_tail(z);
        Self::new(if sides == Sides::Two { 2.0 * tail } else { tail }, sides)
    }
}

impl Power {
    /// The power 1 - β.
    ///
    /// # Errors
    /// When `power` is not strictly between 0 and 1.
    pub fn new(power: f64) -> Result<Self, InvalidErrorRate> {
        between(power).map(Self)
    }

    /// 1 - β
    pub fn probability(self) -> f64 {
        self.0
    }

    /// z₁₋ᵦ, above 0 for a power above ½.
    pub fn critical(self) -> f64 {
        normal::quantile(self.0)
    }
}

fn between(rate: f64) -> Result<f64, InvalidErrorRate> {
    if rate > 0.0 && rate < 1.0 { Ok(rate) } else { Err(InvalidErrorRate(rate)) }
}
