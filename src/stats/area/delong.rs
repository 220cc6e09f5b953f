//! Variance and covariance of areas under correlated ROC curves after DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44:837).
//!
//! With c, d the doubled placements of cases and controls (c = 2n V₁₀, d = 2m V₀₁), S₁₀/m + S₀₁/n becomes
//!
//! ```text
//! cov(θ_r, θ_s) = [m Σ c_r c_s - Σ c_r Σ c_s] / [(2mn)² (m-1)] + [n Σ d_r d_s - Σ d_r Σ d_s] / [(2mn)² (n-1)]
//! ```
//!
//! All sums are integers: no cancellation, and a covariance of exactly 0 comes out as 0.

use crate::stats::{Pair, Placements, Reference, Undefined};

/// Estimated variance of one area.
///
/// # Errors
/// [`Undefined`] with a single case or a single control.
pub fn variance(curve: &Placements) -> Result<f64, Undefined> {
    covariance_of_means(curve.reference(), curve.doubled(), curve.doubled())
}

/// Estimated covariance of the two areas of a pair.
///
/// # Errors
/// [`Undefined`] with a single case or a single control.
pub fn covariance(pair: &Pair<'_>) -> Result<f64, Undefined> {
    let (first, second) = pair.curves();
    covariance_of_means(first.reference(), first.doubled(), second.doubled())
}

/// Mean placement: the area for doubled placements, the difference of areas for their differences.
pub(in crate::stats) fn mean(reference: &Reference, doubled: &[i32]) -> f64 {
    let sum: i64 = reference.of_class(true, doubled).map(i64::from).sum();
    // Both sides are below 2⁵³, so this division is the only rounding.
    sum as f64 / doubled_pairs(reference)
}

/// The formula of the module on doubled placements, or differences of them, in subject order.
pub(in crate::stats) fn covariance_of_means(reference: &Reference, r: &[i32], s: &[i32]) -> Result<f64, Undefined> {
    let (cases, controls) = degrees_of_freedom(reference)?;
    // At most (2mn)² times the number of subjects, below 2¹²⁴ by `MAX_SUBJECTS`.
    let numerator = scatter(reference, true, r, s) * i128::from(controls) + scatter(reference, false, r, s) * i128::from(cases);
    Ok(numerator as f64 / doubled_pairs(reference).powi(2) / (cases * controls) as f64)
}

fn degrees_of_freedom(reference: &Reference) -> Result<(i64, i64), Undefined> {
    match (reference.cases() - 1, reference.controls() - 1) {
        (0, _) => Err(Undefined::OneCase),
        (_, 0) => Err(Undefined::OneControl),
        (cases, controls) => Ok((cases as i64, controls as i64)),
    }
}

fn doubled_pairs(reference: &Reference) -> f64 {
    (2 * reference.cases() as u64 * reference.controls() as u64) as f64
}

/// k Σ rs - Σ r Σ s over the k subjects of one class.
fn scatter(reference: &Reference, case: bool, r: &[i32], s: &[i32]) -> i128 {
    let pairs = reference.of_class(case, r).zip(reference.of_class(case, s));
    let (mut count, mut products, mut sum_r, mut sum_s) = (0i128, 0i128, 0i64, 0i64);
    for (r, s) in pairs.map(|(r, s)| (i64::from(r), i64::from(s))) {
        count += 1;
        products += i128::from(r * s);
        sum_r += r;
        sum_s += s;
    }
    count * products - i128::from(sum_r) * i128::from(sum_s)
}
