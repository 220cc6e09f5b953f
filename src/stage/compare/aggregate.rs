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
    pub(in crate::stage) fn score(self, slices: &[f64]) -> f64 {
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

/// Each class's probability averaged over the slices of an exam, at least one.
pub(in crate::stage) fn mean_probabilities(slices: &[&[f64]]) -> Vec<f64> {
    let classes = slices.first().map_or(0, |slice| slice.len());
    (0..classes).map(|class| slices.iter().map(|slice| slice[class]).sum::<f64>() / slices.len() as f64).collect()
}

/// The most probable of the classes that are `meant`; of equals the first.
pub(in crate::stage) fn most_probable(probabilities: &[f64], meant: impl Fn(usize) -> bool) -> usize {
    let classes = (0..probabilities.len()).filter(|class| meant(*class));
    classes.reduce(|best, class| if probabilities[class] > probabilities[best] { class } else { best }).unwrap_or(0)
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
    fn named_class_is_of_the_mean_and_of_equals_the_first() {
        let named = |slices: &[&[f64]]| most_probable(&mean_probabilities(slices), |_| true);
        assert_eq!(named(&[&[0.6, 0.4, 0.0], &[0.0, 0.4, 0.6]]), 1);
        assert_eq!(named(&[&[0.25, 0.5, 0.25], &[0.5, 0.25, 0.25]]), 0);
        assert_eq!(most_probable(&[0.8, 0.05, 0.15], |class| class > 0), 2);
    }
}
