//! Benjamini & Yekutieli's adjustment (2001, Ann Stat 29:1165): as Benjamini & Hochberg's, under every dependence of the tests.

use super::step_up::step_up;

/// Adjusted p-values in the order of `p`: the running minimum from the top of (k/i) p₍ᵢ₎ Σ 1/j, at most 1.
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    let harmonic: f64 = (1..=p.len()).map(|rank| 1.0 / rank as f64).sum();
    step_up(p, |rank| harmonic * p.len() as f64 / rank as f64)
}
