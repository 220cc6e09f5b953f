//! x of n.

use crate::stats::Undefined;

/// So many of so many, of at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    hits: u64,
    misses: u64,
}

impl Proportion {
    /// `hits` of `hits + misses`.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] where both are 0: nothing of nothing is no proportion.
    pub fn new(hits: usize, misses: usize) -> Result<Self, Undefined> {
        match (hits as u64, misses as u64) {
            (0, 0) => Err(Undefined::NoSubject),
            (hits, misses) => Ok(Self { hits, misses }),
        }
    }

    /// x, what is counted.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// n - x.
    pub fn misses(&self) -> u64 {
        self.misses
    }

    /// n ≥ 1.
    pub fn trials(&self) -> u64 {
        self.hits + self.misses
    }

    /// x/n in [0, 1].
    pub fn estimate(&self) -> f64 {
        self.hits as f64 / self.trials() as f64
    }

    /// What the interval functions compute with: x, n - x and n.
    pub(super) fn counts(&self) -> (f64, f64, f64) {
        (self.hits as f64, self.misses as f64, self.trials() as f64)
    }
}
