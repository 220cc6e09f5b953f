//! Choosing a threshold from a curve, and taking it to other data.
//!
//! ```
//! # use std::sync::Arc;
//! # use bgh_field::stats::{Reference, Roc, Scores, decision::OperatingPoints};
//! # let reference = Arc::new(Reference::new(vec![false, false, true, true])?);
//! # let tuning = Scores::new(&reference, &[0.1, 0.4, 0.3, 0.9])?;
//! # let test = Scores::new(&reference, &[0.2, 0.1, 0.7, 0.8])?;
//! let point = OperatingPoints::youden(&Roc::of(&tuning)).most_sensitive();
//! let table = point.apply(&test);
//! # assert_eq!((table.true_positives, table.false_positives), (2, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Criteria compare counts, not rates: as doubles 7/10 + 1 and 8/10 + 9/10 differ, and a tie would be missed (pROC finds two of
//! the four best points of `edge_youden_ties`). Which of several best points is used has to be said, hence the two `most_…`.

use std::cmp::Reverse;

use thiserror::Error;

use super::Table2x2;
use crate::stats::{Point, Prevalence, Roc, Scores};

/// All points of a curve that a criterion likes best, at least one, by decreasing threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatingPoints(Vec<OperatingPoint>);

/// A threshold, and what it does on the data that it was chosen on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// Who scores at least this is called positive; nobody when it is `None`.
    pub threshold: Option<f64>,
    /// The decisions on the data of the curve: optimistic, because the threshold was chosen to do well there.
    pub chosen_on: Table2x2,
}

/// What a unit of specificity weighs against a unit of sensitivity, r ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpecificityWeight(f64);

/// A ratio of costs that is none.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no ratio of costs; give how many false positives a false negative is worth, e.g. 2")]
pub struct InvalidCost(pub f64);

impl SpecificityWeight {
    /// r = (1 - prevalence)/(cost · prevalence), where a false negative costs as much as `cost` false positives.
    ///
    /// # Errors
    /// When `cost` is not a positive number.
    pub fn of_costs(cost: f64, prevalence: Prevalence) -> Result<Self, InvalidCost> {
        if !(cost > 0.0 && cost.is_finite()) {
            return Err(InvalidCost(cost));
        }
        Ok(Self((1.0 - prevalence.share()) / (cost * prevalence.share())))
    }
}

/// A number that is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no sensitivity or specificity; give a number from 0 to 1, e.g. 0.95")]
pub struct InvalidRate(pub f64);

impl OperatingPoints {
    /// Largest sensitivity + specificity (Youden 1950, Cancer 3:32). Compares tp·n + tn·m: every exact tie is found.
    pub fn youden(roc: &Roc) -> Self {
        let [m, n] = classes(roc);
        Self::best(roc, |table| table.true_positives as u128 * n + table.true_negatives as u128 * m)
    }

    /// Nearest to the corner where both are 1: smallest (1 - se)² + (1 - sp)². Compares (fn·n)² + (fp·m)².
    pub fn closest_to_corner(roc: &Roc) -> Self {
        let [m, n] = classes(roc);
        let distance =
            |table: &Table2x2| (table.false_negatives as u128 * n).pow(2) + (table.false_positives as u128 * m).pow(2);
        Self::best(roc, |table| Reverse(distance(table)))
    }

    /// Largest se + r sp: the least expected cost (Metz 1978, Semin Nucl Med 8:283). Ties are found up to the rounding of r.
    pub fn least_cost(roc: &Roc, weight: SpecificityWeight) -> Self {
        let [m, n] = classes(roc).map(|count| count as f64);
        Self::best(roc, |table| table.true_positives as f64 * n + weight.0 * (table.true_negatives as f64 * m))
    }

    /// All of them.
    pub fn ties(&self) -> &[OperatingPoint] {
        &self.0
    }

    /// The one with the highest threshold: fewest false positives.
    pub fn most_specific(&self) -> OperatingPoint {
        self.0[0]
    }

    /// The one with the lowest threshold: fewest cases missed.
    pub fn most_sensitive(&self) -> OperatingPoint {
        self.0[self.0.len() - 1]
    }

    /// A curve has at least two points, so that one is best.
    fn best<K: PartialOrd>(roc: &Roc, merit: impl Fn(&Table2x2) -> K) -> Self {
        let points: Vec<_> = roc.points.iter().map(|point| OperatingPoint::of(roc, point)).collect();
        let merits = points.iter().map(|point| merit(&point.chosen_on));
        let best = merits.reduce(|best, merit| if merit > best { merit } else { best });
        Self(points.into_iter().filter(|point| Some(merit(&point.chosen_on)) == best).collect())
    }
}

impl OperatingPoint {
    /// Largest specificity among the points with at least this sensitivity. No interpolation: a threshold that exists.
    ///
    /// # Errors
    /// When `sensitivity` is not in [0, 1].
    pub fn at_sensitivity(roc: &Roc, sensitivity: f64) -> Result<Self, InvalidRate> {
        let reached = roc.points.iter().filter(|point| roc.sensitivity(point) >= sensitivity);
        let best = reached.min_by_key(|point| (point.false_positives, Reverse(point.true_positives)));
        within(sensitivity, best).map(|point| Self::of(roc, point))
    }

    /// Largest sensitivity among the points with at least this specificity. No interpolation: a threshold that exists.
    ///
    /// # Errors
    /// When `specificity` is not in [0, 1].
    pub fn at_specificity(roc: &Roc, specificity: f64) -> Result<Self, InvalidRate> {
        let reached = roc.points.iter().filter(|point| roc.specificity(point) >= specificity);
        let best = reached.max_by_key(|point| (point.true_positives, Reverse(point.false_positives)));
        within(specificity, best).map(|point| Self::of(roc, point))
    }

    /// The decisions that this threshold makes on `scores`: those of exams that had no say in choosing it.
    pub fn apply(&self, scores: &Scores) -> Table2x2 {
        Table2x2::at(scores, self.threshold)
    }

    fn of(roc: &Roc, point: &Point) -> Self {
        let chosen_on = Table2x2 {
            true_positives: point.true_positives,
            false_positives: point.false_positives,
            false_negatives: roc.cases() - point.true_positives,
            true_negatives: roc.controls() - point.false_positives,
        };
        Self { threshold: point.threshold, chosen_on }
    }
}

/// Every rate of [0, 1] is reached by some point, by one of the ends if by no other.
fn within(rate: f64, reached: Option<&Point>) -> Result<&Point, InvalidRate> {
    reached.filter(|_| rate >= 0.0).ok_or(InvalidRate(rate))
}

fn classes(roc: &Roc) -> [u128; 2] {
    [roc.cases() as u128, roc.controls() as u128]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stats::Reference;

    fn roc(is_case: &[bool], scores: &[f64]) -> Roc {
        Roc::of(&Scores::new(&Arc::new(Reference::new(is_case.to_vec()).unwrap()), scores).unwrap())
    }

    #[test]
    fn fixed_rates_are_kept_and_the_other_is_the_best_left() {
        let roc = roc(&[false, false, true, false, true, true], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let point = OperatingPoint::at_sensitivity(&roc, 2.0 / 3.0).unwrap();
        assert_eq!((point.threshold, point.chosen_on.true_positives, point.chosen_on.false_positives), (Some(4.5), 2, 0));
        let point = OperatingPoint::at_sensitivity(&roc, 0.9).unwrap();
        assert_eq!((point.threshold, point.chosen_on.true_positives, point.chosen_on.false_positives), (Some(2.5), 3, 1));
        let point = OperatingPoint::at_specificity(&roc, 0.5).unwrap();
        assert_eq!((point.threshold, point.chosen_on.true_positives, point.chosen_on.false_positives), (Some(2.5), 3, 1));
        assert_eq!(OperatingPoint::at_specificity(&roc, 1.0).unwrap().chosen_on.true_positives, 2);
        assert_eq!(OperatingPoint::at_sensitivity(&roc, 1.1), Err(InvalidRate(1.1)));
        assert_eq!(OperatingPoint::at_specificity(&roc, -0.1), Err(InvalidRate(-0.1)));
        assert!(OperatingPoint::at_specificity(&roc, f64::NAN).is_err());
    }

    #[test]
    fn the_threshold_of_a_useless_score_may_be_above_every_score() {
        let roc = roc(&[false, true], &[1.0, 1.0]);
        let best = OperatingPoints::youden(&roc);
        assert_eq!(best.ties().len(), 2);
        assert_eq!((best.most_specific().threshold, best.most_sensitive().threshold), (None, Some(f64::NEG_INFINITY)));
    }

    #[test]
    fn costs_have_to_be_positive() {
        let prevalence = Prevalence::new(0.2).unwrap();
        assert_eq!(SpecificityWeight::of_costs(2.0, prevalence), Ok(SpecificityWeight(2.0)));
        assert_eq!(SpecificityWeight::of_costs(0.0, prevalence), Err(InvalidCost(0.0)));
        assert!(SpecificityWeight::of_costs(f64::INFINITY, prevalence).is_err());
    }
}
