//! The test of no discrimination at all: under H₀ cases and controls have one law of scores, so that every ranking is equally likely
//! (Mann & Whitney 1947, Ann Math Stat 18:50). Other than a test of the area against 1/2 by DeLong's variance it needs no large
//! sample, but it rejects for any difference of the laws.

use crate::stats::scores::count;
use crate::stats::{Scores, Undefined, ZTest};

/// Counting takes time in N m² n; beyond this many subjects the normal law is good.
const LARGEST_EXACT: u64 = 100;

/// The statistic and what its null law needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    doubled: u64,
    cases: u64,
    controls: u64,
    /// Σ (t³ - t) over the tie groups.
    ties: f64,
}

impl MannWhitney {
    /// The statistic of these scores, O(N).
    pub fn of(scores: &Scores) -> Self {
        let (mut doubled, mut below, mut ties) = (0, 0, 0.0);
        for group in scores.tie_groups() {
            let (cases, controls) = count(group);
            let (cases, controls) = (cases as u64, controls as u64);
            doubled += cases * (2 * below + controls);
            below += controls;
            ties += cubed_less_one(group.len() as f64);
        }
        let reference = scores.reference();
        Self { doubled, cases: reference.cases() as u64, controls: reference.controls() as u64, ties }
    }

    /// U: pairs in which the case scores higher, ties counted half.
    pub fn u(&self) -> f64 {
        self.doubled as f64 / 2.0
    }

    /// Normal approximation with the variance for ties, mn/12 [(N+1) - Σ(t³-t)/(N(N-1))]; `corrected` moves U by 1/2 towards its
    /// mean (Lehmann 1975, Nonparametrics, p. 20).
    ///
    /// # Errors
    /// [`Undefined::NoInformation`] where all scores are equal.
    pub fn normal(&self, corrected: bool) -> Result<ZTest, Undefined> {
        let (m, n) = (self.cases as f64, self.controls as f64);
        let all = m + n;
        if self.ties == cubed_less_one(all) {
            return Err(Undefined::NoInformation);
        }
        let variance = m * n / 12.0 * (all + 1.0 - self.ties / (all * (all - 1.0)));
        let off = self.u() - m * n / 2.0;
        let correction = if corrected { off.signum() * off.abs().min(0.5) } else { 0.0 };
        Ok(ZTest { z: (off - correction) / variance.sqrt() })
    }

    /// Exact two-sided p-value, twice the smaller tail, at most 1; `None` with ties, or beyond 100 subjects.
    pub fn exact(&self) -> Option<f64> {
        if self.ties > 0.0 || self.cases + self.controls > LARGEST_EXACT {
            return None;
        }
        let frequencies = frequencies(self.cases as usize, self.controls as usize);
        let u = (self.doubled / 2) as usize;
        let smaller = u.min(frequencies.len() - 1 - u);
        let share = |counts: &[f64]| counts.iter().sum::<f64>();
        Some((2.0 * share(&frequencies[..=smaller]) / share(&frequencies)).min(1.0))
    }
}

fn cubed_less_one(size: f64) -> f64 {
    size * (size * size - 1.0)
}

/// How many of the rankings without ties have U = 0, …, mn. Sums of positive numbers only, so that no digit cancels.
fn frequencies(cases: usize, controls: usize) -> Vec<f64> {
    let mut of_placed = vec![vec![0.0; cases * controls + 1]; cases + 1];
    of_placed[0][0] = 1.0;
    for below in 0..cases + controls {
        // The subject at this rank as the last case so far has the others below it as controls.
        for placed in (1..=cases.min(below + 1)).rev() {
            let wins = below + 1 - placed;
            if wins <= controls {
                let (fewer, more) = of_placed.split_at_mut(placed);
                more[0][wins..].iter_mut().zip(&fewer[placed - 1]).for_each(|(count, before)| *count += before);
            }
        }
    }
    of_placed.swap_remove(cases)
}
