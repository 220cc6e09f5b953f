//! The mean squared error of a probability (Brier 1950, Mon Weather Rev 78:1).

use crate::stats::Probabilities;

/// Mean (p - y)² in [0, 1], y = 1 for a case and 0 for a control; less is better.
pub fn brier(probabilities: &Probabilities) -> f64 {
    probabilities.mean(|p, y| (p - y).powi(2))
}

/// 1 - Brier/[π (1 - π)], what is gained over predicting the share π of cases for everybody: at most 1, below 0 where that
/// would have been better.
pub fn brier_skill(probabilities: &Probabilities) -> f64 {
    let reference = probabilities.reference();
    let prevalence = reference.cases() as f64 / reference.subjects() as f64;
    1.0 - brier(probabilities) / (prevalence * (1.0 - prevalence))
}
