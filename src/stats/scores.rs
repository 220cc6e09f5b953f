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

const SIGN: u64 = 1 << 63;

/// A subject at its place among the scores. The class travels with it, so that a walk in order of the scores does not jump about
/// in the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    /// The score as an integer of the same order, which sorts faster.
    key: u64,
    /// Twice the subject, plus one for a case; fits by `MAX_SUBJECTS`.
    tagged: u32,
}

impl Ranked {
    fn new(score: f64, subject: u32, case: bool) -> Self {
        // Adding zero turns -0 into 0: they are one score, and their bits would tell them apart.
        let bits = (score + 0.0).to_bits();
        // Doubles are ordered as their sign and magnitude: negative ones fall with their bits.
        let key = if bits & SIGN == 0 { bits | SIGN } else { !bits };
        Self { key, tagged: 2 * subject + u32::from(case) }
    }

    pub(super) fn score(self) -> f64 {
        f64::from_bits(if self.key & SIGN == 0 { !self.key } else { self.key ^ SIGN })
    }

    pub(super) fn subject(self) -> usize {
        (self.tagged >> 1) as usize
    }

    pub(super) fn is_case(self) -> bool {
        self.tagged & 1 == 1
    }
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
        Ok(Self { reference: Arc::clone(reference), ranked: rank(reference, scores) })
    }

    /// The reference standard of the subjects.
    pub fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// Subjects of equal score together, by ascending score.
    pub(super) fn tie_groups(&self) -> impl Iterator<Item = &[Ranked]> {
        self.ranked.chunk_by(|a, b| a.key == b.key)
    }

    /// Twice each subject's midrank among all scores, in the order of the reference: within `2..=2N`, the mean is N + 1.
    pub(super) fn doubled_midranks(&self) -> Vec<u32> {
        let mut midranks = vec![0; self.ranked.len()];
        let mut below = 0;
        for group in self.tie_groups() {
            group.iter().for_each(|ranked| midranks[ranked.subject()] = 2 * below + group.len() as u32 + 1);
            below += group.len() as u32;
        }
        midranks
    }
}

/// How many cases and how many controls a tie group has.
pub(super) fn count(group: &[Ranked]) -> (usize, usize) {
    let cases = group.iter().filter(|ranked| ranked.is_case()).count();
    (cases, group.len() - cases)
}

fn rank(reference: &Reference, scores: &[f64]) -> Vec<Ranked> {
    let subjects = (0u32..).zip(scores).zip(reference.classes());
    let mut ranked: Vec<_> = subjects.map(|((subject, &score), &case)| Ranked::new(score, subject, case)).collect();
    ranked.sort_unstable_by_key(|ranked| ranked.key);
    ranked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn keys_have_the_order_of_the_scores(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let [of_a, of_b] = [a, b].map(|score| Ranked::new(score, 7, true));
            prop_assert_eq!(of_a.key.cmp(&of_b.key), a.partial_cmp(&b).unwrap());
            prop_assert_eq!((of_a.score(), of_a.subject(), of_a.is_case()), (a, 7, true));
        }
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
