//! The interval of a difference of paired proportions (Newcombe 1998, Stat Med 17:2635, method 10): Wilson's limits of each
//! proportion, put together by the correlation of the two answers.

use super::{PairedProportions, wilson};
use crate::stats::{Interval, Level, Undefined};

/// With p₁, p₂ the shares, (lᵢ, uᵢ) their Wilson limits and d = p₁ - p₂:
///
/// ```text
/// lower = d - √[(p₁-l₁)² - 2φ(p₁-l₁)(u₂-p₂) + (u₂-p₂)²]
/// upper = d + √[(u₁-p₁)² - 2φ(u₁-p₁)(p₂-l₂) + (p₂-l₂)²]
/// ```
///
/// Within [-1, 1], and no single point even where nobody is discordant.
///
/// # Errors
/// [`Undefined::NoSubject`].
pub fn newcombe(counts: &PairedProportions, level: Level) -> Result<Interval, Undefined> {
    let (first, second) = (counts.first()?, counts.second()?);
    let [(below_first, above_first), (below_second, above_second)] = [first, second].map(|proportion| {
        let interval = wilson(proportion, level);
        (proportion.estimate() - interval.lower, interval.upper - proportion.estimate())
    });
    let (difference, phi) = (counts.difference()?, correlation(counts));
    Ok(Interval {
        lower: difference - third_side(below_first, above_second, phi),
        upper: difference + third_side(above_first, below_second, phi),
    })
}

/// √(a² - 2φab + b²), which rounding must not make the root of a negative number.
fn third_side(a: f64, b: f64, phi: f64) -> f64 {
    ((a - b).powi(2) + 2.0 * (1.0 - phi) * a * b).sqrt()
}

/// φ = C/√(product of the margins), C = eh - fg; a positive C is lessened by n/2 but not below 0. 0 where a margin is empty.
fn correlation(counts: &PairedProportions) -> f64 {
    let [e, f, g, h] = [counts.both, counts.only_first, counts.only_second, counts.neither].map(|count| count as f64);
    let (covariance, half) = (e * h - f * g, counts.subjects() as f64 / 2.0);
    let corrected = if covariance > 0.0 { (covariance - half).max(0.0) } else { covariance };
    match (e + f) * (g + h) * (e + g) * (f + h) {
        0.0 => 0.0,
        margins => corrected / margins.sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's own example.
    #[test]
    fn newcombes_table_gives_his_limits() {
        let counts = PairedProportions { both: 36, only_first: 12, only_second: 2, neither: 0 };
        let interval = newcombe(&counts, Level::new(0.95).unwrap()).unwrap();
        assert!((interval.lower - 0.0569).abs() < 5e-5 && (interval.upper - 0.3404).abs() < 5e-5, "{interval:?}");
    }
}
