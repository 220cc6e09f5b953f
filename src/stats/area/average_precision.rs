//! Area under the precision-recall curve as a sum of steps, without the interpolation that makes it optimistic (Davis & Goadrich
//! 2006, ICML, p. 233; the definition of scikit-learn's `average_precision_score`).

use crate::stats::Roc;

/// Σ (Rₖ - Rₖ₋₁) Pₖ over the distinct thresholds from high to low, in (0, 1]; chance level is the share of cases.
pub fn average_precision(roc: &Roc) -> f64 {
    let step = |ends: &[crate::stats::Point]| {
        let gained = (ends[1].true_positives - ends[0].true_positives) as f64;
        gained * ends[1].true_positives as f64 / (ends[1].true_positives + ends[1].false_positives) as f64
    };
    roc.points.windows(2).map(step).sum::<f64>() / roc.cases() as f64
}
