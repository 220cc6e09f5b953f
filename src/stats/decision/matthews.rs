//! The correlation of true and predicted classes (Matthews 1975, Biochim Biophys Acta 405:442; for more than two classes
//! Gorodkin 2004, Comput Biol Chem 28:367).

use super::Confusion;
use crate::stats::Undefined;

/// (cN - Σ tₖpₖ)/√[(N² - Σ pₖ²)(N² - Σ tₖ²)] with c agreements among N subjects and the classes' margins tₖ, pₖ; at most 1, and
/// for two classes at least -1.
///
/// # Errors
/// [`Undefined::Constant`] where all subjects are of one class or are taken for one.
pub fn matthews(confusion: &Confusion) -> Result<f64, Undefined> {
    let (truths, predictions) = (confusion.truths(), confusion.predictions());
    let products = |a: &[usize], b: &[usize]| a.iter().zip(b).map(|(&a, &b)| a as i128 * b as i128).sum::<i128>();
    let all = confusion.subjects() as i128;
    let spread = |margins: &[usize]| all * all - products(margins, margins);
    let covariance = confusion.agreements() as i128 * all - products(&truths, &predictions);
    match (spread(&predictions), spread(&truths)) {
        (0, _) | (_, 0) => Err(Undefined::Constant),
        (predicted, true_) => Ok(covariance as f64 / ((predicted as f64).sqrt() * (true_ as f64).sqrt())),
    }
}
