//! The exact interval (Clopper & Pearson 1934, Biometrika 26:404): all proportions that neither one-sided binomial test
//! rejects.

use super::Proportion;
use crate::stats::special::beta;
use crate::stats::{Interval, Level};

/// Lower limit B(α/2; x, n-x+1), upper limit B(1-α/2; x+1, n-x), quantiles of the beta law; 0 at x = 0 and 1 at x = n. Covers
/// the true proportion at least as often as the level says.
pub fn clopper_pearson(proportion: Proportion, level: Level) -> Interval {
    let (x, rest, _) = proportion.counts();
    Interval { lower: lower_limit(x, rest, level.tail()), upper: upper_limit(x, rest, level.tail()) }
}

fn lower_limit(x: f64, rest: f64, tail: f64) -> f64 {
    if x == 0.0 { 0.0 } else { beta::quantile(x, rest + 1.0, tail).x }
}

/// The lower limit of the misses, seen from 1.
fn upper_limit(x: f64, rest: f64, tail: f64) -> f64 {
    if rest == 0.0 { 1.0 } else { beta::quantile(rest, x + 1.0, tail).y }
}
