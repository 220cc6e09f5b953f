//! How common a condition is where a test is to be used; a study that picks as many cases as controls does not tell.

use thiserror::Error;

/// Share of a population that has the condition, in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Prevalence(f64);

/// A number that is no prevalence.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no prevalence; give a number between 0 and 1, e.g. 0.02")]
pub struct InvalidPrevalence(pub f64);

impl Prevalence {
    /// The prevalence `share`.
    ///
    /// # Errors
    /// When `share` is not strictly between 0 and 1.
    pub fn new(share: f64) -> Result<Self, InvalidPrevalence> {
        if share > 0.0 && share < 1.0 { Ok(Self(share)) } else { Err(InvalidPrevalence(share)) }
    }

    /// The share, in (0, 1).
    pub fn share(self) -> f64 {
        self.0
    }

    /// Cases to one control.
    pub fn odds(self) -> f64 {
        self.0 / (1.0 - self.0)
    }
}
