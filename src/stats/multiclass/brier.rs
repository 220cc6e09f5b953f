//! The squared error of a whole prediction, in Brier's own form (1950, Mon Weather Rev 78:1): the classes added up.

use super::ClassScores;

/// Mean over the subjects of Σₖ (pₖ - yₖ)², the scores taken as probabilities; in [0, 2] if they are. With two classes twice
/// [`crate::stats::calibration::brier`].
pub fn brier(scores: &ClassScores) -> f64 {
    let squares = |class: usize| {
        let subjects = scores.truths().iter().zip(scores.scores(class));
        subjects.map(move |(&truth, p)| (p - f64::from(u8::from(truth == class))).powi(2))
    };
    (0..scores.classes()).flat_map(squares).sum::<f64>() / scores.truths().len() as f64
}
