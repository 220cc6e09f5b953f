//! The level of an interval.

use thiserror::Error;

use super::normal;

/// Nominal coverage of a two-sided interval, in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

/// A number that is no level.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no level of an interval; give a number between 0 and 1, e.g. 0.95")]
pub struct InvalidLevel(pub f64);

impl Level {
    /// The level `coverage`.
    ///
    /// # Errors
    /// When `coverage` is not strictly between 0 and 1.
    pub fn new(coverage: f64) -> Result<Self, InvalidLevel> {
        if coverage > 0.0 && coverage < 1.0 { Ok(Self(coverage)) } else { Err(InvalidLevel(coverage)) }
    }

    /// Probability left out on each side, α/2.
    pub fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }

    /// Half-width of a normal interval in standard errors, z₁₋α⸝₂.
    pub fn critical(self) -> f64 {
        -normal::quantile(self.tail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_unit_interval_is_a_level() {
        assert!([0.0, 1.0, -0.95, 95.0, f64::NAN].into_iter().all(|coverage| Level::new(coverage).is_err()));
        assert!(Level::new(0.95).is_ok());
    }
}
