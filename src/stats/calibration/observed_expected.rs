//! Cases observed over cases predicted.

use crate::stats::proportion::{Proportion, wilson};
use crate::stats::{Interval, Level, Probabilities, Undefined};

/// O cases among N subjects, and the E that the probabilities add up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedExpected {
    /// O and N - O.
    pub observed: Proportion,
    /// E = Σ p, above 0.
    pub expected: f64,
}

impl ObservedExpected {
    /// Adds up both.
    ///
    /// # Errors
    /// [`Undefined::NothingExpected`] where every probability is 0.
    pub fn of(probabilities: &Probabilities) -> Result<Self, Undefined> {
        let reference = probabilities.reference();
        let observed = Proportion::new(reference.cases(), reference.controls())?;
        match probabilities.sum(|p, _| p) {
            0.0 => Err(Undefined::NothingExpected),
            expected => Ok(Self { observed, expected }),
        }
    }

    /// O/E, 1 where as many were predicted as there are.
    pub fn ratio(&self) -> f64 {
        self.observed.hits() as f64 / self.expected
    }

    /// Wilson's interval of O/N, divided by E/N: E is taken as known.
    pub fn interval(&self, level: Level) -> Interval {
        let (share, scale) = (wilson(self.observed, level), self.observed.trials() as f64 / self.expected);
        Interval { lower: share.lower * scale, upper: share.upper * scale }
    }
}
