//! The test of equal curves, not of equal areas: curves that cross can enclose the same area (Venkatraman & Begg 1996, Biometrika
//! 83:835).
//!
//! At the k-th smallest score as threshold each classifier makes some errors, cases below and controls above. E sums over k how
//! much the numbers of errors differ. Under H₀ the ranks of the two are exchangeable within subjects; exchanged ranks collide and
//! are ranked anew, equal ones in random order. Tied scores are ranked in the order of the subjects, as pROC does; scores with many
//! ties are better compared by their areas, which do not depend on that order.

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::{PermutationTest, Unpaired};
use crate::seed::Seed;
use crate::stats::Scores;

/// Two classifiers on the same subjects, as ranks from 0.
#[derive(Debug, Clone)]
pub struct Venkatraman {
    is_case: Vec<bool>,
    ranks: [Vec<u32>; 2],
}

impl Venkatraman {
    /// Pairs two classifiers.
    ///
    /// # Errors
    /// When their reference standards differ.
    pub fn new(first: &Scores, second: &Scores) -> Result<Self, Unpaired> {
        if first.reference() != second.reference() {
            return Err(Unpaired);
        }
        let ranks = [first, second]
            .map(|scores| ranks(&scores.doubled_midranks(), &(0..).take(scores.reference().subjects()).collect::<Vec<_>>()));
        Ok(Self { is_case: first.reference().classes().to_vec(), ranks })
    }

    /// E ≥ 0, 0 for equal curves.
    pub fn statistic(&self) -> u64 {
        errors_apart(&self.is_case, &self.ranks)
    }

    /// Permutation test with `draws` random exchanges, each from its own stream below `seed`.
    pub fn test(&self, seed: &Seed, draws: u32) -> PermutationTest {
        let observed = self.statistic();
        let hits = (0..draws)
            .into_par_iter()
            .filter(|draw| errors_apart(&self.is_case, &self.exchanged(&seed.child(draw))) >= observed);
        PermutationTest { extreme: hits.count() as u64 + 1, total: u64::from(draws) + 1, exact: false }
    }

    fn exchanged(&self, stream: &Seed) -> [Vec<u32>; 2] {
        let mut rng = stream.rng();
        let [mut a, mut b] = self.ranks.clone();
        for (a, b) in a.iter_mut().zip(&mut b) {
            if rng.random() {
                std::mem::swap(a, b);
            }
        }
        [a, b].map(|exchanged| {
            let mut order: Vec<u32> = (0..).take(exchanged.len()).collect();
            order.shuffle(&mut rng);
            ranks(&exchanged, &order)
        })
    }
}

/// The rank from 0 of each value; equal ones by `order`.
fn ranks(values: &[u32], order: &[u32]) -> Vec<u32> {
    let mut sorted: Vec<usize> = (0..values.len()).collect();
    sorted.sort_unstable_by_key(|&subject| (values[subject], order[subject]));
    let mut ranks = vec![0; values.len()];
    (0..).zip(sorted).for_each(|(rank, subject)| ranks[subject] = rank);
    ranks
}

/// Σₖ |errors of the first - errors of the second| over thresholds between ranks. A subject's errors by the two differ for the k
/// between its ranks.
fn errors_apart(is_case: &[bool], ranks: &[Vec<u32>; 2]) -> u64 {
    let mut step = vec![0i64; is_case.len()];
    for (subject, &case) in is_case.iter().enumerate() {
        let sign = if case { 1 } else { -1 };
        step[ranks[0][subject] as usize] += sign;
        step[ranks[1][subject] as usize] -= sign;
    }
    let apart = step.iter().scan(0i64, |apart, step| {
        *apart += step;
        Some(apart.unsigned_abs())
    });
    apart.sum()
}
