//! How long a run will take, as far as earlier runs tell.

use super::{Executor, Learned};

/// What is still to do. Steps may turn out to be cached once their inputs are known, so it is an upper bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Steps that will run or may have to.
    pub steps: usize,
    /// Those whose kind never ran in this cache; the kind's typical time stands for them.
    pub guessed: usize,
    /// Seconds of all of them, one after the other.
    pub work: f64,
    /// Seconds along the longest path, which no number of slots shortens.
    pub path: f64,
}

impl Forecast {
    /// Seconds on so many CPU slots, if every step takes one.
    pub fn seconds(&self, cpus: usize) -> f64 {
        self.path.max(self.work / cpus.max(1) as f64)
    }
}

impl Executor<'_> {
    /// What is still to do.
    pub fn forecast(&self, learned: &Learned) -> Forecast {
        let (mut steps, mut guessed, mut work) = (0, 0, 0.0);
        for id in self.unfinished() {
            steps += 1;
            guessed += usize::from(learned.seconds(self.plan.step(id)).is_none());
            work += self.seconds(id, learned);
        }
        let path = if steps == 0 { 0.0 } else { self.urgency(learned).into_iter().fold(0.0, f64::max) };
        Forecast { steps, guessed, work, path }
    }
}
