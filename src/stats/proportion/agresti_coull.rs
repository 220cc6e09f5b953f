//! Wald's interval after adding z²/2 hits and z²/2 misses (Agresti & Coull 1998, Am Stat 52:119).

use super::Proportion;
use crate::stats::{Interval, Level};

/// p ± z √(p(1-p)/(n + z²)) about Wilson's centre p = (x + z²/2)/(n + z²). Contains [`super::wilson`] and, being symmetric, may
/// leave [0, 1]: [`Interval::clipped`] cuts it.
pub fn agresti_coull(proportion: Proportion, level: Level) -> Interval {
    let (x, _, n) = proportion.counts();
    let added = level.critical().powi(2);
    let centre = (x + added / 2.0) / (n + added);
    Interval::normal(centre, centre * (1.0 - centre) / (n + added), level)
}
