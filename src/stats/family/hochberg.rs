//! Hochberg's step-up adjustment (1988, Biometrika 75:800): never worse than Holm's, but it needs tests that are independent or
//! positively dependent.

use super::step_up::step_up;

/// Adjusted p-values in the order of `p`: the running minimum from the top of (k - i + 1) p₍ᵢ₎, at most 1.
pub fn hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank| (p.len() - rank + 1) as f64)
}
