//! The harmonic mean of sensitivity and positive predictive value (van Rijsbergen 1979; as an overlap, Dice 1945, Ecology
//! 26:297).

use super::{Confusion, Table2x2};
use crate::stats::Undefined;

/// 2tp/(2tp + fp + fn) in [0, 1]. Depends on the prevalence of the sample.
///
/// # Errors
/// [`Undefined::NoSubject`] where nobody is a case or called positive.
pub fn f1(table: &Table2x2) -> Result<f64, Undefined> {
    let doubled = 2 * table.true_positives;
    match doubled + table.false_positives + table.false_negatives {
        0 => Err(Undefined::NoSubject),
        all => Ok(doubled as f64 / all as f64),
    }
}

/// Mean of the classes' F1, each against the rest.
///
/// # Errors
/// [`Undefined::NoSubject`] where a class neither occurs nor is predicted.
pub fn macro_f1(confusion: &Confusion) -> Result<f64, Undefined> {
    let sum: Result<f64, _> = (0..confusion.classes()).map(|class| f1(&confusion.one_vs_rest(class))).sum();
    Ok(sum? / confusion.classes() as f64)
}
