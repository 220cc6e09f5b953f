//! From the slices of an exam to the one number and the one class that the exam gets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rule that makes one score of an exam's slices. A slice's score is the summed probability of the positive classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Mean: each class's probability averaged over the slices, then summed over the positive classes.
    Mean,
    /// The score of the most suspicious slice.
    Max,
    /// 1 - Π(1 - s): the probability that at least one slice is positive, were the slices independent.
    NoisyOr,
}

impl Aggregate {
    /// The exam's score in [0, 1] from the scores of its slices, at least one.
    pub(super) fn score(self, slices: &[f64]) -> f64 {
        match self {
            // Averaging the sums is summing the averages.
            Self::Mean => slices.iter().sum::<f64>() / slices.len() as f64,
            Self::Max => slices.iter().copied().fold(0.0, f64::max),
            Self::NoisyOr => 1.0 - slices.iter().map(|score| 1.0 - score).product::<f64>(),
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Max => "max",
            Self::NoisyOr => "noisy_or",
        })
    }
}

/// The class of largest mean probability over the slices; of equals the first.
pub(super) fn most_probable_class(slices: &[&[f64]]) -> usize {
    let classes = slices.first().map_or(0, |slice| slice.len());
    let total = |class: usize| slices.iter().map(|slice| slice[class]).sum::<f64>();
    (0..classes).reduce(|best, class| if total(class) > total(best) { class } else { best }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_value() {
        let slices = [0.5, 0.25, 0.75];
        assert_eq!(Aggregate::Mean.score(&slices), 0.5);
        assert_eq!(Aggregate::Max.score(&slices), 0.75);
        assert_eq!(Aggregate::NoisyOr.score(&slices), 1.0 - 0.5 * 0.75 * 0.25);
    }

    #[test]
    fn display_is_the_word_of_the_spec() {
        for rule in [Aggregate::Mean, Aggregate::Max, Aggregate::NoisyOr] {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.to_string());
        }
    }

    #[test]
    fn predicted_class_is_of_the_mean_and_of_equals_the_first() {
        assert_eq!(most_probable_class(&[&[0.6, 0.4, 0.0], &[0.0, 0.4, 0.6]]), 1);
        assert_eq!(most_probable_class(&[&[0.25, 0.5, 0.25], &[0.5, 0.25, 0.25]]), 0);
    }
}
