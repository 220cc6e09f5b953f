//! The equal-tailed posterior interval under Jeffreys' prior B(½, ½), with the ends mended as by Brown, Cai & DasGupta (2001,
//! Stat Sci 16:101).

use super::Proportion;
use crate::stats::special::beta;
use crate::stats::{Interval, Level};

/// Quantiles B(α/2; x+½, n-x+½) and B(1-α/2; x+½, n-x+½); the lower limit is 0 at x = 0, the upper one 1 at x = n.
pub fn jeffreys(proportion: Proportion, level: Level) -> Interval {
    let (x, rest, _) = proportion.counts();
    Interval {
        lower: if x == 0.0 { 0.0 } else { beta::quantile(x + 0.5, rest + 0.5, level.tail()).x },
        upper: if rest == 0.0 { 1.0 } else { beta::quantile(rest + 0.5, x + 0.5, level.tail()).y },
    }
}
