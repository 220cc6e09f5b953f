//! Student's law, by the incomplete beta function (DLMF 8.17, Abramowitz & Stegun 26.7.1).

use super::beta::{self, Unit};

/// P(T > t) with `df` > 0 degrees of freedom, not necessarily whole: I_x(df/2, 1/2)/2 at x = df/(df + t²) for t ≥ 0.
pub fn upper_tail(t: f64, df: f64) -> f64 {
    let half = two_sided(t, df) / 2.0;
    if t < 0.0 { 1.0 - half } else { half }
}

/// P(|T| > |t|), the two-sided p-value of t.
pub fn two_sided(t: f64, df: f64) -> f64 {
    match t.is_infinite() {
        true => 0.0,
        false => beta::tails(df / 2.0, 0.5, Unit::odds(df, t * t)).lower,
    }
}
