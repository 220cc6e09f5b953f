//! Scores that claim to be probabilities of being a case. Ranking does not need the claim; calibration and net benefit judge
//! it.

use std::sync::Arc;

use thiserror::Error;

use super::{InvalidScores, Reference, Scores};

/// One predicted probability a subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities {
    scores: Scores,
    values: Vec<f64>,
}

/// Numbers that are no predicted probabilities of these subjects.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum InvalidProbabilities {
    /// Not one a subject, or not a number.
    #[error(transparent)]
    Scores(#[from] InvalidScores),
    /// Outside [0, 1].
    #[error("{value} in row {row} (counted from 0) is no probability; give values from 0 to 1, e.g. the softmax of a network")]
    Range {
        /// Which subject, from 0.
        row: usize,
        /// What is given for it.
        value: f64,
    },
}

impl Probabilities {
    /// One probability a subject, in the order of `reference`.
    ///
    /// # Errors
    /// When the lengths differ or a value is not in [0, 1].
    pub fn new(reference: &Arc<Reference>, values: &[f64]) -> Result<Self, InvalidProbabilities> {
        let scores = Scores::new(reference, values)?;
        if let Some(row) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(InvalidProbabilities::Range { row, value: values[row] });
        }
        Ok(Self { scores, values: values.to_vec() })
    }

    /// The reference standard of the subjects.
    pub fn reference(&self) -> &Arc<Reference> {
        self.scores.reference()
    }

    /// The same as ranked scores.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// The probabilities in the order of the reference.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Each subject's probability and whether it is a case.
    pub fn outcomes(&self) -> impl Iterator<Item = (f64, bool)> {
        self.values.iter().enumerate().map(|(subject, &value)| (value, self.reference().is_case(subject)))
    }

    /// Mean of f(probability, outcome) over the subjects, the outcome as 1 or 0.
    pub(super) fn mean(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.sum(f) / self.values.len() as f64
    }

    /// Sum of f(probability, outcome) over the subjects, the outcome as 1 or 0.
    pub(super) fn sum(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.outcomes().map(|(value, case)| f(value, f64::from(u8::from(case)))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unit_interval_is_a_probability() {
        let reference = Arc::new(Reference::new(vec![false, true]).unwrap());
        assert!(Probabilities::new(&reference, &[0.0, 1.0]).is_ok());
        let refused = Probabilities::new(&reference, &[0.2, 1.5]);
        assert_eq!(refused, Err(InvalidProbabilities::Range { row: 1, value: 1.5 }));
        let refused = Probabilities::new(&reference, &[f64::NAN, 1.0]);
        assert_eq!(refused, Err(InvalidScores::NotANumber { row: 0 }.into()));
    }
}
