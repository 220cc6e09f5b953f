//! Whether two methods differ on the same subjects (McNemar 1947, Psychometrika 12:153). Only the discordant subjects speak: b
//! that only the first gets right, c that only the second does; if neither is better, b is one of b + c fair coins. All
//! p-values are two-sided.
//!
//! [`mid_p`] is the one to prefer: the exact test is conservative, the asymptotic one slightly too bold, the corrected one as
//! conservative as the exact (Fagerland, Lydersen & Laake 2013, BMC Med Res Methodol 13:91).

use crate::stats::Undefined;
use crate::stats::proportion::PairedProportions;
use crate::stats::special::beta::{self, Unit};
use crate::stats::special::chi_squared;

/// A statistic with one degree of freedom and its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Its upper tail.
    pub p: f64,
}

/// 2 P(X ≤ min(b, c)) for X binomial (b + c, ½), at most 1; 1 where nobody is discordant.
pub fn exact(counts: &PairedProportions) -> f64 {
    let (fewer, all) = discordant(counts);
    (2.0 * at_most(fewer, all)).min(1.0)
}

/// The exact p-value less P(X = min(b, c)), and 1 - P(X = b)/2 where b = c; 1 where nobody is discordant.
pub fn mid_p(counts: &PairedProportions) -> f64 {
    match discordant(counts) {
        (0, 0) => 1.0,
        (0, all) => at_most(0, all),
        (fewer, all) if 2 * fewer == all => 1.0 - (at_most(fewer, all) - at_most(fewer - 1, all)) / 2.0,
        (fewer, all) => at_most(fewer, all) + at_most(fewer - 1, all),
    }
}

/// (b - c)²/(b + c), for many discordant subjects.
///
/// # Errors
/// [`Undefined::NoDiscordance`] where nobody is discordant.
pub fn asymptotic(counts: &PairedProportions) -> Result<ChiSquared, Undefined> {
    corrected_by(0.0, counts)
}

/// (|b - c| - 1)²/(b + c), with Edwards' correction (1948, Psychometrika 13:185); 0 where b = c.
///
/// # Errors
/// [`Undefined::NoDiscordance`] where nobody is discordant.
pub fn corrected(counts: &PairedProportions) -> Result<ChiSquared, Undefined> {
    corrected_by(1.0, counts)
}

fn corrected_by(correction: f64, counts: &PairedProportions) -> Result<ChiSquared, Undefined> {
    let (fewer, all) = discordant(counts);
    if all == 0 {
        return Err(Undefined::NoDiscordance);
    }
    let excess = ((all - 2 * fewer) as f64 - correction).max(0.0);
    let statistic = excess * excess / all as f64;
    Ok(ChiSquared { statistic, p: chi_squared::upper_tail(statistic, 1.0) })
}

fn discordant(counts: &PairedProportions) -> (usize, usize) {
    (counts.only_first.min(counts.only_second), counts.only_first + counts.only_second)
}

/// P(X ≤ k) for X binomial (n, ½): I_½(n - k, k + 1).
fn at_most(k: usize, n: usize) -> f64 {
    match n - k {
        0 => 1.0,
        more => beta::tails(more as f64, (k + 1) as f64, Unit { x: 0.5, y: 0.5 }).lower,
    }
}
