//! The bootstrap of an area, and of the difference of two (Efron & Tibshirani 1993, An Introduction to the Bootstrap).

use rayon::prelude::*;

use super::weighted::Walk;
use super::{Replicates, Sampling};
use crate::seed::Seed;
use crate::stats::{Scores, Unpaired};

/// How to resample, and how often.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// What is drawn.
    pub sampling: Sampling,
    /// Each replicate draws from its own stream below this one.
    pub seed: Seed,
    /// Number of replicates; 2000 or more for an interval.
    pub replicates: u32,
}

impl Bootstrap {
    /// The area of one classifier on every replicate.
    ///
    /// # Errors
    /// When the scores are of other subjects than are drawn.
    pub fn areas(&self, scores: &Scores) -> Result<Replicates, Unpaired> {
        self.check(scores)?;
        let walk = Walk::of(scores);
        Ok(self.of(|times| walk.area(times)))
    }

    /// First area less second, both on the same draws.
    ///
    /// # Errors
    /// When the scores are of other subjects than are drawn.
    pub fn differences(&self, first: &Scores, second: &Scores) -> Result<Replicates, Unpaired> {
        self.check(first)?;
        self.check(second)?;
        let walks = [Walk::of(first), Walk::of(second)];
        Ok(self.of(|times| Some(walks[0].area(times)? - walks[1].area(times)?)))
    }

    fn check(&self, scores: &Scores) -> Result<(), Unpaired> {
        if scores.reference() == self.sampling.reference() { Ok(()) } else { Err(Unpaired) }
    }

    fn of(&self, statistic: impl Fn(&[u32]) -> Option<f64> + Sync) -> Replicates {
        let replicate = |times: &mut Vec<u32>, index: u32| {
            self.sampling.draw(&mut self.seed.child(index).rng(), times);
            statistic(times)
        };
        let draws = (0..self.replicates).into_par_iter().with_min_len(64);
        let subjects = self.sampling.reference().subjects();
        let values: Vec<Option<f64>> = draws.map_init(|| vec![0; subjects], replicate).collect();
        Replicates::of(&values)
    }
}
