//! Two classifiers on the same subjects: the difference of their areas and DeLong's paired test (DeLong, DeLong & Clarke-Pearson
//! 1988, Biometrics 44:837).
//!
//! The variance comes from the differences of the placements, subject by subject, rather than from var + var - 2 cov: the same
//! number without cancellation, and exactly 0 when it is 0.

use thiserror::Error;

use crate::stats::delong::{covariance_of_means, mean};
use crate::stats::{Interval, Level, Placements, Undefined, normal};

/// Two curves over the same subjects.
#[derive(Debug, Clone)]
pub struct Pair<'a> {
    first: &'a Placements,
    second: &'a Placements,
    differences: Vec<i32>,
}

/// Two curves that do not belong to the same subjects in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the two curves have different reference standards; a paired test needs both scores of every subject")]
pub struct Unpaired;

/// The conclusion of a paired test of H₀: the areas are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTest {
    /// The difference in standard errors; positive when the first area is larger.
    pub z: f64,
    /// Two-sided p-value in [0, 1].
    pub p: f64,
    /// What z and p rest on.
    pub basis: Basis,
}

/// What the conclusion of a paired test rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The normal law of the standardised difference.
    Normal,
    /// Both curves place every subject alike: 0/0, by convention z = 0 and p = 1. The data hold no information on a difference.
    IdenticalRanking,
}

impl PairedTest {
    /// The test of `difference` against its standard error.
    pub(super) fn of(difference: f64, variance: f64) -> Result<Self, Undefined> {
        match (difference, variance) {
            (0.0, 0.0) => Ok(Self { z: 0.0, p: 1.0, basis: Basis::IdenticalRanking }),
            (_, 0.0) => Err(Undefined::NoVariance),
            (difference, variance) => {
                let z = difference / variance.sqrt();
                Ok(Self { z, p: normal::two_sided(z), basis: Basis::Normal })
            }
        }
    }

    /// One-sided p-value of the alternative that the first area is larger; 1/2 for identical rankings.
    pub fn p_greater(&self) -> f64 {
        normal::upper_tail(self.z)
    }

    /// One-sided p-value of the alternative that the first area is smaller; 1/2 for identical rankings.
    pub fn p_less(&self) -> f64 {
        normal::upper_tail(-self.z)
    }
}

impl<'a> Pair<'a> {
    /// Pairs two curves.
    ///
    /// # Errors
    /// When their reference standards differ.
    pub fn new(first: &'a Placements, second: &'a Placements) -> Result<Self, Unpaired> {
        if first.reference() != second.reference() {
            return Err(Unpaired);
        }
        let differences = first.doubled().iter().zip(second.doubled()).map(|(a, b)| a - b).collect();
        Ok(Self { first, second, differences })
    }

    /// The first and the second curve.
    pub fn curves(&self) -> (&'a Placements, &'a Placements) {
        (self.first, self.second)
    }

    /// First area minus second, in [-1, 1], correctly rounded.
    pub fn difference(&self) -> f64 {
        mean(self.first.reference(), &self.differences)
    }

    /// Estimated variance of the difference.
    ///
    /// # Errors
    /// [`Undefined`] with a single case or a single control.
    pub fn variance(&self) -> Result<f64, Undefined> {
        covariance_of_means(self.first.reference(), &self.differences, &self.differences)
    }

    /// DeLong's test of equal areas.
    ///
    /// # Errors
    /// [`Undefined`] with a single case or control, and where the variance is 0 but the difference is not.
    pub fn test(&self) -> Result<PairedTest, Undefined> {
        PairedTest::of(self.difference(), self.variance()?)
    }

    /// DeLong's test that the difference is `margin`: z = (d - margin)/√var, for margins of non-inferiority.
    ///
    /// # Errors
    /// As [`Pair::test`]; for identical rankings at every margin but 0.
    pub fn test_at(&self, margin: f64) -> Result<PairedTest, Undefined> {
        PairedTest::of(self.difference() - margin, self.variance()?)
    }

    /// First doubled placement minus second, in subject order.
    pub(in crate::stats) fn differences(&self) -> &[i32] {
        &self.differences
    }

    /// Normal interval of the difference, not clipped; the single point 0 for identical rankings.
    ///
    /// # Errors
    /// As [`Pair::test`].
    pub fn interval(&self, level: Level) -> Result<Interval, Undefined> {
        self.test()?;
        Ok(Interval::normal(self.difference(), self.variance()?, level))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stats::{Reference, Scores};

    fn placements(is_case: &[bool], scores: &[f64]) -> Placements {
        let reference = Arc::new(Reference::new(is_case.to_vec()).unwrap());
        Placements::of(&Scores::new(&reference, scores).unwrap())
    }

    #[test]
    fn curves_of_other_subjects_do_not_pair() {
        let a = placements(&[true, false, false], &[1.0, 2.0, 3.0]);
        let b = placements(&[false, true, false], &[1.0, 2.0, 3.0]);
        assert_eq!(Pair::new(&a, &b).unwrap_err(), Unpaired);
    }

    #[test]
    fn identical_rankings_are_equal_by_convention_and_say_so() {
        let classes = [false, false, true, true];
        let a = placements(&classes, &[0.1, 0.4, 0.3, 0.9]);
        let b = placements(&classes, &[1.0, 40.0, 3.0, 90.0]);
        let test = Pair::new(&a, &b).unwrap().test();
        assert_eq!(test, Ok(PairedTest { z: 0.0, p: 1.0, basis: Basis::IdenticalRanking }));
    }
}
