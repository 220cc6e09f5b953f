//! The paired permutation test of equal areas (Bandos, Rockette & Gur 2005, Stat Med 24:2873), for small samples and for differences
//! without a variance.
//!
//! Under H₀ the two classifiers are exchangeable within each subject, once their scores are on one scale: midranks among all
//! subjects. Exchanging them and taking both areas anew gives the null law of |θ₁ - θ₂|. Up to 20 subjects all 2ᴺ exchanges are
//! counted; beyond, random ones are drawn, and p = (1 + hits)/(1 + draws) counts the observed one among them, so that it is never 0
//! (Davison & Hinkley 1997, Bootstrap Methods, p. 140).

use rand::RngExt;
use rayon::prelude::*;

use super::Unpaired;
use crate::seed::Seed;
use crate::stats::Scores;

/// Up to here all exchanges are counted.
const LARGEST_EXACT: usize = 20;

/// Two classifiers on the same subjects, on the scale of midranks.
#[derive(Debug, Clone)]
pub struct Exchange {
    is_case: Vec<bool>,
    /// Doubled midranks of both, within `2..=2N`.
    midranks: Vec<[u32; 2]>,
}

/// The conclusion of a permutation test of H₀: the areas are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermutationTest {
    /// Exchanges whose difference is at least the observed one, the observed one among them.
    pub extreme: u64,
    /// Exchanges in all.
    pub total: u64,
    /// Whether they are all there are, or a random sample.
    pub exact: bool,
}

impl PermutationTest {
    /// Two-sided p-value in (0, 1].
    pub fn p(&self) -> f64 {
        self.extreme as f64 / self.total as f64
    }
}

impl Exchange {
    /// Pairs two classifiers.
    ///
    /// # Errors
    /// When their reference standards differ.
    pub fn new(first: &Scores, second: &Scores) -> Result<Self, Unpaired> {
        if first.reference() != second.reference() {
            return Err(Unpaired);
        }
        let midranks = first.doubled_midranks().into_iter().zip(second.doubled_midranks());
        Ok(Self { is_case: first.reference().classes().to_vec(), midranks: midranks.map(|(a, b)| [a, b]).collect() })
    }

    /// The exact test up to 20 subjects, and beyond that `draws` random exchanges, each from its own stream below `seed`.
    pub fn test(&self, seed: &Seed, draws: u32) -> PermutationTest {
        if self.is_case.len() <= LARGEST_EXACT { self.enumerate() } else { self.sample(seed, draws) }
    }

    fn enumerate(&self) -> PermutationTest {
        // Exchanging every subject turns the sign only: subject 0 keeps its place and each count stands for two.
        let half = 1u64 << (self.is_case.len() - 1);
        let extreme = self.count(half, |exchange| move |subject: usize| exchange << 1 >> subject & 1 == 1);
        PermutationTest { extreme: 2 * extreme, total: 2 * half, exact: true }
    }

    fn sample(&self, seed: &Seed, draws: u32) -> PermutationTest {
        let extreme = self.count(u64::from(draws), |draw| {
            let mut rng = seed.child(draw).rng();
            let exchanged: Vec<bool> = (0..self.is_case.len()).map(|_| rng.random()).collect();
            move |subject: usize| exchanged[subject]
        });
        PermutationTest { extreme: extreme + 1, total: u64::from(draws) + 1, exact: false }
    }

    fn count<E: Fn(usize) -> bool>(&self, exchanges: u64, exchange: impl Fn(u64) -> E + Sync) -> u64 {
        let observed = self.difference(&mut self.tally(), |_| false).abs();
        let is_extreme = |tally: &mut Vec<_>, index| u64::from(self.difference(tally, exchange(index)).abs() >= observed);
        (0..exchanges).into_par_iter().map_init(|| self.tally(), is_extreme).sum()
    }

    fn tally(&self) -> Vec<[[u32; 2]; 2]> {
        vec![[[0; 2]; 2]; 2 * self.is_case.len() + 1]
    }

    /// Doubled U of the first less that of the second after an exchange: subjects are counted by midrank, curve and class, and the
    /// counts walked upwards, which leaves the tally empty for the next.
    fn difference(&self, tally: &mut [[[u32; 2]; 2]], exchanged: impl Fn(usize) -> bool) -> i64 {
        for (subject, (midranks, &case)) in self.midranks.iter().zip(&self.is_case).enumerate() {
            let first = usize::from(exchanged(subject));
            tally[midranks[first] as usize][0][usize::from(case)] += 1;
            tally[midranks[1 - first] as usize][1][usize::from(case)] += 1;
        }
        let (mut doubled, mut below) = ([0i64; 2], [0i64; 2]);
        for midrank in tally {
            for (curve, [controls, cases]) in std::mem::take(midrank).into_iter().enumerate() {
                doubled[curve] += i64::from(cases) * (2 * below[curve] + i64::from(controls));
                below[curve] += i64::from(controls);
            }
        }
        doubled[0] - doubled[1]
    }
}
