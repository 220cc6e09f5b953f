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
    let of_case = |(&doubled, &case): (&i32, &bool)| i64::from(doubled) * i64::from(case);
    let sum: i64 = doubled.iter().zip(reference.classes()).map(of_case).sum();
    // Both sides are below 2⁵³, so this division is the only rounding.
    sum as f64 / doubled_pairs(reference)
}

/// The formula of the module on doubled placements, or differences of them, in subject order.
pub(in crate::stats) fn covariance_of_means(reference: &Reference, r: &[i32], s: &[i32]) -> Result<f64, Undefined> {
    let (cases, controls) = degrees_of_freedom(reference)?;
    // At most (2mn)² times the number of subjects, below 2¹²⁴ by `MAX_SUBJECTS`.
    let (of_cases, of_controls) = scatters(reference, r, s);
    let numerator = of_cases * i128::from(controls) + of_controls * i128::from(cases);
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

/// k Σ rs - Σ r Σ s over the k cases, and over the k controls.
fn scatters(reference: &Reference, r: &[i32], s: &[i32]) -> (i128, i128) {
    let (mut all, mut cases) = (Sums::default(), Sums::default());
    let blocks = reference.classes().chunks(BLOCK).zip(r.chunks(BLOCK)).zip(s.chunks(BLOCK));
    for ((classes, r), s) in blocks {
        let (of_all, of_cases) = Sums::of_block(classes, r, s);
        all = all.plus(of_all, 1);
        cases = cases.plus(of_cases, 1);
    }
    (cases.scatter(reference.cases()), all.plus(cases, -1).scatter(reference.controls()))
}

/// As many products of two placements as are sure to add up in 64 bits: each is at most 2⁵² by `MAX_SUBJECTS`.
const BLOCK: usize = 1 << 10;

/// Σ rs, Σ r and Σ s.
#[derive(Clone, Copy, Default)]
struct Sums([i128; 3]);

impl Sums {
    /// Of all subjects of a block and of its cases. A control counts nought times instead of being passed over: a branch that takes
    /// either way by chance costs more than three products.
    fn of_block(classes: &[bool], r: &[i32], s: &[i32]) -> (Self, Self) {
        let (mut all, mut cases) = ([0i64; 3], [0i64; 3]);
        for ((&case, &r), &s) in classes.iter().zip(r).zip(s) {
            let (r, s) = (i64::from(r), i64::from(s));
            for (sum, term) in [r * s, r, s].into_iter().enumerate() {
                all[sum] += term;
                cases[sum] += term * i64::from(case);
            }
        }
        (Self(all.map(i128::from)), Self(cases.map(i128::from)))
    }

    fn plus(self, other: Self, times: i128) -> Self {
        Self(std::array::from_fn(|sum| self.0[sum] + times * other.0[sum]))
    }

    /// k Σ rs - Σ r Σ s.
    fn scatter(self, count: usize) -> i128 {
        self.0[0] * count as i128 - self.0[1] * self.0[2]
    }
}
