//! Holm's step-down adjustment (1979, Scand J Stat 6:65): controls the probability of any false rejection in the family under
//! every dependence of the tests, and is never worse than Bonferroni's.

/// Adjusted p-values in the order of `p`: with p₍₁₎ ≤ … ≤ p₍ₖ₎, the running maximum of (k - i + 1) p₍ᵢ₎, at most 1. The family is
/// exactly what is given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut running = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        running = running.max((p.len() - rank) as f64 * p[index]).min(1.0);
        adjusted[index] = running;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_down_in_order_and_keeps_the_places() {
        assert_eq!(holm(&[0.04, 0.01, 0.03, 0.5]), [0.09, 0.04, 0.09, 0.5]);
        assert_eq!(holm(&[0.6, 0.6]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
