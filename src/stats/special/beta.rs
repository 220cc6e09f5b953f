//! The beta law: the regularised incomplete beta function I_x(a, b) and its inverse.
//!
//! ```text
//! I_x(a, b) = x^a y^b / B(a, b) · 1/(β₁ + α₂/(β₂ + α₃/(β₃ + …))),   y = 1 - x
//! ```
//!
//! The fraction is DiDonato & Morris' (1992, ACM Trans Math Softw 18:360, eq. 9): their λ keeps it from cancelling near the
//! mean of a law with large a or b. The factor before it is a binomial density in Loader's saddle-point form (2000, Fast and
//! Accurate Computation of Binomial Probabilities), because logarithms of gammas lose a digit for each tenfold of a + b. Points
//! come as x **and** y, so that neither tail is a difference from 1.

use std::f64::consts::TAU;

/// Both tails of a law at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Probability of at most the point.
    pub lower: f64,
    /// Probability of more.
    pub upper: f64,
}

/// A point of the unit interval and its distance from 1, each to full relative precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The point, in [0, 1].
    pub x: f64,
    /// 1 - x.
    pub y: f64,
}

impl Unit {
    /// The point x/(x + y) for odds x : y, neither negative and not both 0.
    pub fn odds(x: f64, y: f64) -> Self {
        Self { x: x / (x + y), y: y / (x + y) }
    }

    /// The point with log odds `u`.
    fn logistic(u: f64) -> Self {
        Self { x: 1.0 / (1.0 + (-u).exp()), y: 1.0 / (1.0 + u.exp()) }
    }

    /// The point as seen from 1.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { x: self.y, y: self.x }
    }
}

/// I_x(a, b) and 1 - I_x(a, b), for a, b > 0.
pub fn tails(a: f64, b: f64, at: Unit) -> Tails {
    // The fraction converges quickly below the mean; above it, the mirrored law is below its mean.
    if at.x <= (a + 1.0) / (a + b + 2.0) {
        let lower = lower_tail(a, b, at);
        Tails { lower, upper: 1.0 - lower }
    } else {
        let upper = lower_tail(b, a, at.mirrored());
        Tails { lower: 1.0 - upper, upper }
    }
}

/// The point with I_x(a, b) = p, for a, b ≥ ½ and p 0 or between 1e-100 and 1.
pub fn quantile(a: f64, b: f64, p: f64) -> Unit {
    if p <= 0.5 { lower_quantile(a, b, p) } else { lower_quantile(b, a, 1.0 - p).mirrored() }
}

/// Newton's iteration for ln I = ln p over the log odds u = ln(x/y). The density of u is log-concave, therefore ln I is concave
/// in u (Prékopa 1973, Acta Sci Math 34:335): after the first step the iterates rise to the solution from below and cannot miss
/// it, wherever they start.
fn lower_quantile(a: f64, b: f64, p: f64) -> Unit {
    if p == 0.0 {
        return Unit { x: 0.0, y: 1.0 };
    }
    // The slope of ln I is density / I, and that is the fraction.
    let step = |u: f64| {
        let at = Unit::logistic(u);
        let slope = fraction(a, b, at);
        (p.ln() - ln_density(a, b, at) + slope.ln()) / slope
    };
    let mut u = ((a + 1.0) / (b + 1.0)).ln();
    u += step(u);
    loop {
        let rise = step(u);
        if rise.is_nan() || rise <= 4.0 * f64::EPSILON * u.abs().max(1.0) {
            return Unit::logistic(u);
        }
        u += rise;
    }
}

/// The factor before the fraction, x^a y^b / B(a, b): the density of the log odds.
fn ln_density(a: f64, b: f64, at: Unit) -> f64 {
    let n = a + b;
    let stirling = stirling_error(n) - stirling_error(a) - stirling_error(b);
    // Loader's density of a in n trials has √(n/(2π ab)) in front; ab/n times it is what is wanted.
    stirling - deviance(a, n * at.x) - deviance(b, n * at.y) + (a * b / n / TAU).ln() / 2.0
}

fn lower_tail(a: f64, b: f64, at: Unit) -> f64 {
    if at.x == 0.0 { 0.0 } else { ln_density(a, b, at).exp() / fraction(a, b, at) }
}

/// β₁ + α₂/(β₂ + …) by Lentz' method (1976, Appl Opt 15:668) as modified by Thompson & Barnett (1986, J Comput Phys 64:490).
fn fraction(a: f64, b: f64, at: Unit) -> f64 {
    let nonzero = |value: f64| if value == 0.0 { f64::MIN_POSITIVE } else { value };
    let (alpha, beta) = (|n: f64| numerator(a, b, at, n), |n: f64| denominator(a, b, at, n));
    let mut value = nonzero(beta(0.0));
    let (mut c, mut d) = (value, 0.0);
    // About √(a + b) terms suffice; the bound only ends the loop for arguments beyond any number of subjects.
    for n in (1..1_000_000).map(f64::from) {
        d = 1.0 / nonzero(beta(n) + alpha(n) * d);
        c = nonzero(beta(n) + alpha(n) / c);
        value *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// αₙ₊₁ = (a + n - 1)(a + b + n - 1) n (b - n) x² / (a + 2n - 1)²
fn numerator(a: f64, b: f64, at: Unit, n: f64) -> f64 {
    let odd = a + 2.0 * n - 1.0;
    (a + n - 1.0) / odd * ((a + b + n - 1.0) / odd) * n * (b - n) * at.x * at.x
}

/// βₙ₊₁ = n + n (b - n) x / (a + 2n - 1) + (a + n)(λ + 1 + n (1 + y)) / (a + 2n + 1)
fn denominator(a: f64, b: f64, at: Unit, n: f64) -> f64 {
    // λ = a - (a + b) x, without its cancellation near the mean.
    let lambda = a * at.y - b * at.x;
    let odd = a + 2.0 * n - 1.0;
    let middle = if n == 0.0 { 0.0 } else { n * (b - n) * at.x / odd };
    n + middle + (a + n) / (odd + 2.0) * (lambda + 1.0 + n * (1.0 + at.y))
}

/// ln Γ(x + 1) - [(x + ½) ln x - x + ½ ln 2π]: what Stirling's formula leaves out.
fn stirling_error(x: f64) -> f64 {
    if x < 16.0 {
        return libm::lgamma(x + 1.0) - (x + 0.5) * x.ln() + x - TAU.ln() / 2.0;
    }
    let square = x * x;
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    series.iter().rev().fold(0.0, |sum, coefficient| sum / square + coefficient) / x
}

/// x ln(x/μ) + μ - x, by its series where the terms would cancel.
fn deviance(x: f64, mean: f64) -> f64 {
    let v = (x - mean) / (x + mean);
    if v.abs() >= 0.1 {
        return x * (x / mean).ln() + mean - x;
    }
    // With x/μ = (1 + v)/(1 - v), ln(x/μ) = 2 Σ v^(2j+1)/(2j+1), and the first term cancels against μ - x but for (x - μ) v.
    let mut power = 2.0 * x * v;
    let mut sum = (x - mean) * v;
    for odd in (3..).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_have_no_tail_beyond() {
        for (a, b) in [(0.5, 0.5), (1.0, 3.0), (80.0, 2.5)] {
            assert_eq!(tails(a, b, Unit { x: 0.0, y: 1.0 }), Tails { lower: 0.0, upper: 1.0 });
            assert_eq!(tails(a, b, Unit { x: 1.0, y: 0.0 }), Tails { lower: 1.0, upper: 0.0 });
            assert_eq!(quantile(a, b, 0.0), Unit { x: 0.0, y: 1.0 });
            assert_eq!(quantile(a, b, 1.0), Unit { x: 1.0, y: 0.0 });
        }
    }

    proptest! {
        #[test]
        fn closed_forms_hold(b in 0.5..5000.0f64, odds in 1e-9..1e3f64) {
            let at = Unit::odds(odds, 1.0);
            // I_x(1, b) = 1 - y^b
            let power = -(b * (-at.x).ln_1p()).exp_m1();
            prop_assert!((tails(1.0, b, at).lower / power - 1.0).abs() < 1e-12);
        }

        #[test]
        fn the_quantile_inverts_the_tail(a in 0.5..5000.0f64, b in 0.5..5000.0f64, exponent in -16.0..0.0f64) {
            let p = 10f64.powf(exponent);
            let lower = tails(a, b, quantile(a, b, p)).lower;
            prop_assert!((lower / p - 1.0).abs() < 1e-11, "{lower} is not {p}");
        }
    }
}
