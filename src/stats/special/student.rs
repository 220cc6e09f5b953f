//! Student's law, by the incomplete beta function (DLMF 8.17, Abramowitz & Stegun 26.7.1).

use super::beta::{self, Unit};

/// P(T > t) with `df` > 0 degrees of freedom, not necessarily whole: I_x(df/2, 1/2)/2 at x = df/(df + t²) for t ≥ 0.
pub fn upper_tail(t: f64, df: f64) -> f64 {
    let half = two_sided(t, df) / 2.0;
    if t < 0.0 { 1.0 - half } else { half }
}

/// The t ≥ 0 with P(|T| > t) = `alpha`, for two-sided intervals: √(df y/x) where I_x(df/2, 1/2) = alpha and y = 1 - x.
pub fn critical(alpha: f64, df: f64) -> f64 {
    let Unit { x, y } = beta::quantile(df / 2.0, 0.5, alpha);
    (df * y / x).sqrt()
}

/// P(|T| > |t|), the two-sided p-value of t.
pub fn two_sided(t: f64, df: f64) -> f64 {
    match t.is_infinite() {
        true => 0.0,
        false => beta::tails(df / 2.0, 0.5, Unit::odds(df, t * t)).lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables_and_invert_the_tail() {
        // R 4.2.2: qt(0.975, 10) is 2.2281388519862739.
        assert!((critical(0.05, 10.0) - 2.228_138_851_986_274).abs() < 1e-13, "{}", critical(0.05, 10.0));
        for (alpha, df) in [(0.01, 3.7), (0.05, 182.757), (0.5, 1.0), (0.1, 1e5)] {
            assert!((two_sided(critical(alpha, df), df) / alpha - 1.0).abs() < 1e-12, "{alpha} {df}");
        }
    }
}
