//! The standard normal law.
//!
//! The tail is made of FreeBSD msun's erfc (crate `libm`): correct to 1.4e-13 relative at every z up to 37.5, where statrs' erfc
//! is only good to 9e-11. The quantile is statrs' (Boost's rational approximations), good to the last bits. Both measured against
//! 50-digit values, which the tests keep.

use std::f64::consts::SQRT_2;

/// P(Z > z) = erfc(z/√2)/2, accurate relative to itself far into the tail.
pub fn upper_tail(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}

/// P(|Z| > |z|), the two-sided p-value of z.
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// The z with P(Z < z) = p: ∓∞ at 0 and 1.
pub fn quantile(p: f64) -> f64 {
    -SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p)
}
