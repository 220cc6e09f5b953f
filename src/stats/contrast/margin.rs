//! Differences too small to matter: non-inferiority and equivalence of areas (Liu et al. 2006, Stat Med 25:1219; Chen, Petrick &
//! Sahiner 2012, Acad Radiol 19:1158).

use thiserror::Error;

use super::{Pair, PairedTest};
use crate::stats::Undefined;

/// The largest difference of areas that does not matter, in (0, 1), fixed before the data are seen.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Margin(f64);

/// A number that is no margin.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no margin for areas; give a difference between 0 and 1, e.g. 0.05")]
pub struct InvalidMargin(pub f64);

impl Margin {
    /// The margin `difference`.
    ///
    /// # Errors
    /// Unless 0 < `difference` < 1.
    pub fn new(difference: f64) -> Result<Self, InvalidMargin> {
        if difference > 0.0 && difference < 1.0 { Ok(Self(difference)) } else { Err(InvalidMargin(difference)) }
    }
}

/// Two one-sided tests (Schuirmann 1987, J Pharmacokinet Biopharm 15:657).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// Test of H₀: the first area is smaller by the margin or more.
    pub not_smaller: PairedTest,
    /// Test of H₀: the first area is larger by the margin or more.
    pub not_larger: PairedTest,
}

impl Equivalence {
    /// The larger of the two one-sided p-values.
    pub fn p(&self) -> f64 {
        self.not_smaller.p_greater().max(self.not_larger.p_less())
    }
}

/// Test of H₀: the first area is smaller than the second by `margin` or more; [`PairedTest::p_greater`] is its p-value.
///
/// # Errors
/// [`Undefined`] with a single case or control, and where the variance of the difference is 0.
pub fn noninferiority(pair: &Pair<'_>, margin: Margin) -> Result<PairedTest, Undefined> {
    pair.test_at(-margin.0)
}

/// Both one-sided tests that the areas differ by less than `margin`.
///
/// # Errors
/// As [`noninferiority`].
pub fn equivalence(pair: &Pair<'_>, margin: Margin) -> Result<Equivalence, Undefined> {
    Ok(Equivalence { not_smaller: pair.test_at(-margin.0)?, not_larger: pair.test_at(margin.0)? })
}
