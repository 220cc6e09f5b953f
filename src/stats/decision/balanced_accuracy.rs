//! Accuracy as it would be if all classes were equally common.

use super::Confusion;
use crate::stats::Undefined;
use crate::stats::proportion::Proportion;

/// Mean over the classes of the share of a class taken for what it is, in [0, 1]; for two classes (sensitivity +
/// specificity)/2.
///
/// # Errors
/// [`Undefined::NoSubject`] where a class has none.
pub fn balanced_accuracy(confusion: &Confusion) -> Result<f64, Undefined> {
    let recall = |(class, truth): (usize, usize)| {
        let right = confusion.get(class, class);
        Proportion::new(right, truth - right).map(|proportion| proportion.estimate())
    };
    let sum: Result<f64, _> = confusion.truths().into_iter().enumerate().map(recall).sum();
    Ok(sum? / confusion.classes() as f64)
}
