//! One threshold and what it does.

use serde::{Deserialize, Serialize};

use super::{Estimate, Rate, Ratio};

/// A threshold, chosen without the test exams, applied to the test exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operating {
    /// Exams with a score of at least this are called positive; `None` is above every score.
    pub threshold: Option<f64>,
    /// What it does on the tuning exams that it was chosen on; `None` where it was given beforehand.
    pub tuning: Option<Counts>,
    /// What it does on the test exams.
    pub counts: Counts,
    /// Share of the positive exams called positive.
    pub sensitivity: Estimate<Rate>,
    /// Share of the negative exams called negative.
    pub specificity: Estimate<Rate>,
    /// Share of positive exams among those called positive, at the prevalence of the test exams.
    pub positive_predictive_value: Estimate<Rate>,
    /// Share of negative exams among those called negative, at the prevalence of the test exams.
    pub negative_predictive_value: Estimate<Rate>,
    /// Sensitivity over 1 - specificity.
    pub positive_likelihood_ratio: Estimate<Ratio>,
    /// 1 - sensitivity over specificity.
    pub negative_likelihood_ratio: Estimate<Ratio>,
}

/// Who is called positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positive exams called positive.
    pub true_positives: usize,
    /// Negative exams called positive.
    pub false_positives: usize,
    /// Positive exams called negative.
    pub false_negatives: usize,
    /// Negative exams called negative.
    pub true_negatives: usize,
}
