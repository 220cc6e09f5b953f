//! What an answer means where the condition is as common as said: predictive values at a given prevalence. A sample of as many
//! cases as controls does not give them directly.
//!
//! By Bayes' theorem the odds of being a case are multiplied by the likelihood ratio of the answer; the interval of a
//! predictive value is the ratio's own, carried over (Mercaldo, Lau & Zhou 2007, Stat Med 26:2170).

use super::{LikelihoodRatio, Table2x2};
use crate::stats::{Interval, Level, Prevalence, Undefined};

/// A predictive value and what its interval comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictiveValue {
    /// The probability that the answer is right, in [0, 1].
    pub value: f64,
    ratio: LikelihoodRatio,
    prevalence: Prevalence,
    right_is_case: bool,
}

/// se p/[se p + (1 - sp)(1 - p)] at prevalence p.
///
/// # Errors
/// [`Undefined::NoSubject`] without cases or controls, [`Undefined::ZeroRate`] where nobody is called positive.
pub fn positive_predictive_value(table: &Table2x2, prevalence: Prevalence) -> Result<PredictiveValue, Undefined> {
    let (sensitivity, specificity) = (table.sensitivity()?.estimate(), table.specificity()?.estimate());
    let value = share(sensitivity * prevalence.share(), (1.0 - specificity) * (1.0 - prevalence.share()))?;
    Ok(PredictiveValue { value, ratio: LikelihoodRatio::positive(table)?, prevalence, right_is_case: true })
}

/// sp (1 - p)/[sp (1 - p) + (1 - se) p] at prevalence p.
///
/// # Errors
/// [`Undefined::NoSubject`] without cases or controls, [`Undefined::ZeroRate`] where nobody is called negative.
pub fn negative_predictive_value(table: &Table2x2, prevalence: Prevalence) -> Result<PredictiveValue, Undefined> {
    let (sensitivity, specificity) = (table.sensitivity()?.estimate(), table.specificity()?.estimate());
    let value = share(specificity * (1.0 - prevalence.share()), (1.0 - sensitivity) * prevalence.share())?;
    Ok(PredictiveValue { value, ratio: LikelihoodRatio::negative(table)?, prevalence, right_is_case: false })
}

impl PredictiveValue {
    /// The interval at a prevalence taken as known.
    ///
    /// # Errors
    /// [`Undefined::ZeroRate`] where no case or no control gave the answer.
    pub fn interval(&self, level: Level) -> Result<Interval, Undefined> {
        let ratio = self.ratio.interval(level)?;
        let case = |ratio: f64| ratio * self.prevalence.odds() / (1.0 + ratio * self.prevalence.odds());
        Ok(match self.right_is_case {
            true => Interval { lower: case(ratio.lower), upper: case(ratio.upper) },
            false => Interval { lower: 1.0 - case(ratio.upper), upper: 1.0 - case(ratio.lower) },
        })
    }
}

fn share(right: f64, wrong: f64) -> Result<f64, Undefined> {
    if right + wrong > 0.0 { Ok(right / (right + wrong)) } else { Err(Undefined::ZeroRate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_prevalence_of_the_sample_it_is_the_samples_share() {
        let table = Table2x2 { true_positives: 45, false_positives: 8, false_negatives: 10, true_negatives: 62 };
        let prevalence = Prevalence::new(55.0 / 125.0).unwrap();
        let positive = positive_predictive_value(&table, prevalence).unwrap();
        assert!((positive.value - table.positive_predictive_value().unwrap().estimate()).abs() < 1e-15);
        let negative = negative_predictive_value(&table, prevalence).unwrap();
        assert!((negative.value - table.negative_predictive_value().unwrap().estimate()).abs() < 1e-15);
        for predictive in [positive, negative] {
            let interval = predictive.interval(Level::new(0.95).unwrap()).unwrap();
            assert!(interval.lower < predictive.value && predictive.value < interval.upper, "{interval:?}");
        }
    }

    #[test]
    fn a_rare_condition_spoils_the_positive_answer_only() {
        let table = Table2x2 { true_positives: 90, false_positives: 10, false_negatives: 10, true_negatives: 90 };
        let rare = Prevalence::new(0.01).unwrap();
        assert!((positive_predictive_value(&table, rare).unwrap().value - 0.009 / 0.108).abs() < 1e-15);
        assert!((negative_predictive_value(&table, rare).unwrap().value - 0.891 / 0.892).abs() < 1e-15);
    }
}
