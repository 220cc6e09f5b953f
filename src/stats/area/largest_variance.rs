//! The variance that no law of the scores exceeds, for a conservative interval when the scores are not at hand.

/// θ(1-θ)/min(m, n) for `auc` θ in [0, 1], m `cases` ≥ 1 and n `controls` ≥ 1 (Birnbaum & Klose 1957, Ann Math Stat 28:933).
pub fn largest_variance(auc: f64, cases: usize, controls: usize) -> f64 {
    auc * (1.0 - auc) / cases.min(controls) as f64
}
