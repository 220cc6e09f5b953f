//! How many times as common an answer is among cases as among controls, with its interval on the log scale (Simel, Samsa &
//! Matchar 1991, J Clin Epidemiol 44:763).

use super::Table2x2;
use crate::stats::proportion::Proportion;
use crate::stats::{Interval, Level, Undefined};

/// The likelihood ratio of one answer, positive or negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LikelihoodRatio {
    cases: Proportion,
    controls: Proportion,
}

impl LikelihoodRatio {
    /// LR+ = sensitivity/(1 - specificity).
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without cases or controls.
    pub fn positive(table: &Table2x2) -> Result<Self, Undefined> {
        let cases = Proportion::new(table.true_positives, table.false_negatives)?;
        Ok(Self { cases, controls: Proportion::new(table.false_positives, table.true_negatives)? })
    }

    /// LR- = (1 - sensitivity)/specificity.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without cases or controls.
    pub fn negative(table: &Table2x2) -> Result<Self, Undefined> {
        let cases = Proportion::new(table.false_negatives, table.true_positives)?;
        Ok(Self { cases, controls: Proportion::new(table.true_negatives, table.false_positives)? })
    }

    /// The ratio, at least 0.
    ///
    /// # Errors
    /// [`Undefined::ZeroRate`] where no control gave the answer.
    pub fn value(&self) -> Result<f64, Undefined> {
        match self.controls.hits() {
            0 => Err(Undefined::ZeroRate),
            _ => Ok(self.cases.estimate() / self.controls.estimate()),
        }
    }

    /// Estimated variance of the logarithm: 1/x₁ - 1/m + 1/x₀ - 1/n for x₁ of m cases and x₀ of n controls.
    ///
    /// # Errors
    /// [`Undefined::ZeroRate`] where no case or no control gave the answer.
    pub fn log_variance(&self) -> Result<f64, Undefined> {
        let of = |proportion: Proportion| match proportion.hits() {
            0 => Err(Undefined::ZeroRate),
            hits => Ok(proportion.misses() as f64 / hits as f64 / proportion.trials() as f64),
        };
        Ok(of(self.cases)? + of(self.controls)?)
    }

    /// exp(ln LR ± z √var).
    ///
    /// # Errors
    /// As [`LikelihoodRatio::log_variance`].
    pub fn interval(&self, level: Level) -> Result<Interval, Undefined> {
        let variance = self.log_variance()?;
        let log = Interval::normal(self.value()?.ln(), variance, level);
        Ok(Interval { lower: log.lower.exp(), upper: log.upper.exp() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_is_simels_formula() {
        let table = Table2x2 { true_positives: 45, false_positives: 8, false_negatives: 10, true_negatives: 62 };
        let (m, n, se, sp) = (55.0, 70.0, 45.0 / 55.0, 62.0 / 70.0);
        let positive = LikelihoodRatio::positive(&table).unwrap();
        assert!((positive.value().unwrap() - se / (1.0 - sp)).abs() < 1e-13);
        assert!((positive.log_variance().unwrap() - ((1.0 - se) / (m * se) + sp / (n * (1.0 - sp)))).abs() < 1e-15);
        let negative = LikelihoodRatio::negative(&table).unwrap();
        assert!((negative.value().unwrap() - (1.0 - se) / sp).abs() < 1e-15);
        assert!((negative.log_variance().unwrap() - (se / (m * (1.0 - se)) + (1.0 - sp) / (n * sp))).abs() < 1e-15);
    }

    #[test]
    fn a_perfect_table_has_no_finite_ratio() {
        let table = Table2x2 { true_positives: 5, false_positives: 0, false_negatives: 0, true_negatives: 5 };
        assert_eq!(LikelihoodRatio::positive(&table).unwrap().value(), Err(Undefined::ZeroRate));
        let negative = LikelihoodRatio::negative(&table).unwrap();
        assert_eq!(negative.value(), Ok(0.0));
        assert_eq!(negative.interval(Level::new(0.95).unwrap()), Err(Undefined::ZeroRate));
    }
}
