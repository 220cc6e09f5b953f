//! The score interval (Wilson 1927, J Am Stat Assoc 22:209): all proportions p with |x/n - p| ≤ z √(p(1-p)/n).

use super::Proportion;
use crate::stats::{Interval, Level};

/// [x + z²/2 ± z √(x(n-x)/n + z²/4)] / (n + z²). Never leaves [0, 1] and is never a single point.
pub fn wilson(proportion: Proportion, level: Level) -> Interval {
    corrected_by(0.0, proportion, level)
}

/// The same with Yates' correction: all p with |x/n - p| - 1/2n ≤ z √(p(1-p)/n) (Newcombe 1998, Stat Med 17:857, method 4). As
/// in R's `prop.test` the correction is never more than |x/n - ½|, so that there is none at x = n/2.
pub fn wilson_corrected(proportion: Proportion, level: Level) -> Interval {
    let (x, _, n) = proportion.counts();
    corrected_by((x - n / 2.0).abs().min(0.5), proportion, level)
}

fn corrected_by(correction: f64, proportion: Proportion, level: Level) -> Interval {
    let (x, rest, n) = proportion.counts();
    let z = level.critical();
    Interval {
        lower: if x <= correction { 0.0 } else { lower_root(x - correction, n, z) },
        upper: if rest <= correction { 1.0 } else { upper_root(x + correction, n, z) },
    }
}

fn upper_root(x: f64, n: f64, z: f64) -> f64 {
    numerator(x, n, z) / (n + z * z)
}

/// The product of the roots is x²/[n (n + z²)]: the smaller one without a difference.
fn lower_root(x: f64, n: f64, z: f64) -> f64 {
    x * x / n / numerator(x, n, z)
}

fn numerator(x: f64, n: f64, z: f64) -> f64 {
    x + z * z / 2.0 + z * (x * (n - x) / n + z * z / 4.0).sqrt()
}
