//! Area under the empirical ROC curve: the probability that a case scores higher than a control, ties counted half. It is the
//! Mann-Whitney U over mn (Bamber 1975, J Math Psychol 12:387; Hanley & McNeil 1982, Radiology 143:29).

use super::delong::mean;
use crate::stats::Placements;

/// Area under the curve in [0, 1], the correctly rounded quotient of two integers.
pub fn auc(placements: &Placements) -> f64 {
    mean(placements.reference(), placements.doubled())
}
