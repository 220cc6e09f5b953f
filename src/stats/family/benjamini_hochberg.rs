//! Benjamini & Hochberg's adjustment (1995, J R Stat Soc B 57:289): controls the expected share of false among the rejections, for
//! tests that are independent or positively dependent.

use super::step_up::step_up;

/// Adjusted p-values in the order of `p`: the running minimum from the top of (k/i) p₍ᵢ₎, at most 1.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank| p.len() as f64 / rank as f64)
}
