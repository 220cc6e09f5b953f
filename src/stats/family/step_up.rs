//! What step-up adjustments share: starting at the largest p-value, none may exceed the one before it.

/// With p₍₁₎ ≤ … ≤ p₍ₖ₎, the running minimum from the top of `factor`(i) p₍ᵢ₎, at most 1, in the order of `p`.
pub(super) fn step_up(p: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut running = 1.0f64;
    for (rank, index) in order.into_iter().enumerate().rev() {
        running = running.min(factor(rank + 1) * p[index]);
        adjusted[index] = running;
    }
    adjusted
}
