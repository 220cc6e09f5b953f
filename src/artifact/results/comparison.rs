//! Contrasts between models, and of readers with models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Estimate;

/// A comparison that is asked for: every pair of levels of one factor, all other factors equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Title for tables, from the spec or made of the factor's name.
    pub title: String,
    /// The factor whose levels are compared.
    pub factor: String,
    /// Factors held equal within a row, in the order of the columns: all that are neither compared nor fixed.
    pub within: Vec<String>,
    /// Levels that all rows share.
    pub fixed: BTreeMap<String, String>,
}

/// One table of paired contrasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonResult {
    /// What was asked for.
    pub asked: Comparison,
    /// The contrasts.
    pub rows: Vec<Contrast>,
    /// Where the factor has three levels or more, all of them at once: one test for each cell of the factors held equal.
    pub joint: Vec<JointTest>,
}

/// Two models that differ in one factor, compared on the same exams by DeLong's paired test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Name of the first model.
    pub a: String,
    /// Name of the second model.
    pub b: String,
    /// AUC of `a` minus AUC of `b`.
    pub difference: f64,
    /// Standard error of the difference.
    pub se: Estimate<f64>,
    /// Interval of the difference, not clipped.
    pub ci: Estimate<[f64; 2]>,
    /// The statistic.
    pub z: Estimate<f64>,
    /// Two-sided p-value.
    pub p: Estimate<f64>,
    /// Holm-adjusted p over all contrasts of its family that have a p; one that stands in two tables counts once. The contrasts
    /// between models are one family, those of readers with models another.
    pub p_holm: Estimate<f64>,
    /// What the reader must know about z and p beside their values: a convention they rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Paired sensitivities at both operating points.
    pub sensitivity: Estimate<PairedRate>,
    /// Paired specificities at both operating points.
    pub specificity: Estimate<PairedRate>,
}

/// Two rates on the same exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedRate {
    /// Rate of the first model.
    pub a: f64,
    /// Rate of the second model.
    pub b: f64,
    /// Exams that only the first called rightly.
    pub only_a: usize,
    /// Exams that only the second called rightly.
    pub only_b: usize,
    /// Interval of `a` minus `b` by Newcombe's method 10.
    pub ci: Estimate<[f64; 2]>,
    /// McNemar's exact test, two-sided.
    pub p: f64,
}

/// Several models at once: are all their areas equal?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointTest {
    /// Names of the models.
    pub models: Vec<String>,
    /// The statistic, the degrees of freedom and the p-value.
    pub test: Estimate<ChiSquare>,
}

/// The conclusion of a χ² test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChiSquare {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Degrees of freedom; 0 where all models rank the exams alike, and then p is 1 by convention.
    pub degrees: usize,
    /// p-value.
    pub p: f64,
}
