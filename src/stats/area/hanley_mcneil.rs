//! Variance of an area from the area and the numbers of cases and controls alone, for studies whose scores are not at hand (Hanley &
//! McNeil 1982, Radiology 143:29).

/// With Q₁ = θ/(2-θ), Q₂ = 2θ²/(1+θ) (negative exponential scores):
/// [θ(1-θ) + (m-1)(Q₁-θ²) + (n-1)(Q₂-θ²)]/(mn), for `auc` θ in [0, 1], m `cases` ≥ 1 and n `controls` ≥ 1.
/// [`Interval::normal`](crate::stats::Interval::normal) makes it an interval.
pub fn variance(auc: f64, cases: usize, controls: usize) -> f64 {
    let (m, n) = (cases as f64, controls as f64);
    let of_cases = auc / (2.0 - auc) - auc * auc;
    let of_controls = 2.0 * auc * auc / (1.0 + auc) - auc * auc;
    (auc * (1.0 - auc) + (m - 1.0) * of_cases + (n - 1.0) * of_controls) / (m * n)
}
