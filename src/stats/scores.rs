//! One score a subject, sorted once for everything that is made of it.

use std::sync::Arc;

use thiserror::Error;

use super::Reference;

/// The scores of one classifier on the subjects of a reference standard, in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    reference: Arc<Reference>,
    ranked: Vec<Ranked>,
}

/// A subject at its place among the scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) score: f64,
    pub(super) subject: u32,
}

/// Scores that cannot be ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidScores {
    /// Not one score a subject.
    #[error("{scores} scores for {subjects} subjects")]
    Length {
        /// Scores given.
        scores: usize,
        /// Subjects of the reference standard.
        subjects: usize,
    },
    /// A score without a rank.
    #[error("the score in row {row} (counted from 0) is not a number; drop the subject from every curve, or mend the score")]
    NotANumber {
        /// Which subject, from 0.
        row: usize,
    },
}

impl Scores {
    /// Ranks one score a subject, in the order of `reference`; higher is more suspicious. ±∞ are ordinary scores.
    ///
    /// # Errors
    /// When the lengths differ or a score is NaN.
    pub fn new(reference: &Arc<Reference>, scores: &[f64]) -> Result<Self, InvalidScores> {
        if scores.len() != reference.subjects() {
            return Err(InvalidScores::Length { scores: scores.len(), subjects: reference.subjects() });
        }
        if let Some(row) = scores.iter().position(|score| score.is_nan()) {
            return Err(InvalidScores::NotANumber { row });
        }
        Ok(Self { reference: Arc::clone(reference), ranked: rank(scores) })
    }

    /// The reference standard of the subjects.
    pub fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// Subjects of equal score together, by ascending score.
    pub(super) fn tie_groups(&self) -> impl Iterator<Item = &[Ranked]> {
        self.ranked.chunk_by(|a, b| a.score == b.score)
    }

    /// How many cases and how many controls a tie group has.
    pub(super) fn count(&self, group: &[Ranked]) -> (usize, usize) {
        let cases = group.iter().filter(|ranked| self.reference.is_case(ranked.subject as usize)).count();
        (cases, group.len() - cases)
    }
}

fn rank(scores: &[f64]) -> Vec<Ranked> {
    // Adding zero turns -0 into 0: one score, and the total order of doubles would tell them apart.
    let subjects = (0u32..).zip(scores);
    let mut ranked: Vec<_> = subjects.map(|(subject, score)| Ranked { score: score + 0.0, subject }).collect();
    ranked.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Arc<Reference> {
        Arc::new(Reference::new(vec![false, true, true]).unwrap())
    }

    #[test]
    fn nan_is_refused_with_its_row() {
        let refused = Scores::new(&reference(), &[0.5, 1.0, f64::NAN]);
        assert_eq!(refused, Err(InvalidScores::NotANumber { row: 2 }));
    }

    #[test]
    fn a_score_too_few_is_refused() {
        assert_eq!(Scores::new(&reference(), &[0.5, 1.0]), Err(InvalidScores::Length { scores: 2, subjects: 3 }));
    }

    #[test]
    fn signed_zeros_tie_and_neighbouring_doubles_do_not() {
        let sizes = |scores: &[f64]| -> Vec<usize> {
            Scores::new(&reference(), scores).unwrap().tie_groups().map(<[_]>::len).collect()
        };
        assert_eq!(sizes(&[0.0, -0.0, 1.0]), [2, 1]);
        assert_eq!(sizes(&[1.0, 1.0 + f64::EPSILON, 1.0]), [2, 1]);
    }
}
