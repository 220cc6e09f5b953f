//! Bonferroni's adjustment: controls the probability of any false rejection in the family by the union bound.

/// Adjusted p-values, k p at most 1, in the order of `p`.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    p.iter().map(|value| (p.len() as f64 * value).min(1.0)).collect()
}
