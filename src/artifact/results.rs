//! The one store of numbers: `results.json`, written by the comparison, read by every table, figure and sentence of the report.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};

const RECORD: &str = "results.json";

/// An estimate that may not exist: exactly one of value and reason is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate<T> {
    /// The estimate.
    Defined(T),
    /// Why there is none.
    Undefined(String),
}

impl<T, E: Display> From<std::result::Result<T, E>> for Estimate<T> {
    fn from(result: std::result::Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Defined(value),
            Err(reason) => Self::Undefined(reason.to_string()),
        }
    }
}

/// Everything that the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Class names in the order of the spec.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// The rule that made one score of an exam's slices.
    pub aggregate: String,
    /// Level of every interval, e.g. 0.95.
    pub level: f64,
    /// Test exams with a positive class.
    pub n_positive: usize,
    /// Test exams without.
    pub n_negative: usize,
    /// The factors of the design in the order of the spec, each with its levels in order.
    pub factors: Vec<Factor>,
    /// One entry a model, in the order of the design (first factor slowest).
    pub models: Vec<ModelResult>,
    /// One entry a `[[compare]]` of the spec.
    pub comparisons: Vec<Comparison>,
}

/// One factor of the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Name in the spec (`augment`).
    pub name: String,
    /// Its levels (`none`, `x48`).
    pub levels: Vec<String>,
}

/// One classifier on the test exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelResult {
    /// The model's name: its levels joined by `-` (`none-alexnet-untrained`).
    pub name: String,
    /// Level of each factor.
    pub levels: BTreeMap<String, String>,
    /// Area under the ROC curve.
    pub auc: f64,
    /// DeLong standard error.
    pub se: Estimate<f64>,
    /// DeLong interval, clipped to [0, 1].
    pub ci: Estimate<[f64; 2]>,
    /// The exact interval, given where AUC is 0 or 1 and DeLong's is a single point.
    pub exact_ci: Option<[f64; 2]>,
    /// Empirical ROC points by increasing false positive rate, from (0, 0) to (1, 1).
    pub roc: Vec<RocPoint>,
    /// Counts `[reference class][predicted class]` of exams by the most probable class, in the order of `classes`.
    pub confusion: Vec<Vec<usize>>,
}

/// One point of an ROC curve: exams with a score of at least `threshold` are called positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// `None` is above every score (nothing called positive); the last point has the lowest score (everything called positive).
    pub threshold: Option<f64>,
    /// Share of negative exams called positive.
    pub false_positive_rate: f64,
    /// Share of positive exams called positive.
    pub true_positive_rate: f64,
}

/// One table of paired contrasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Title for tables, from the spec or made of the factor's name.
    pub title: String,
    /// The factor whose levels are compared.
    pub factor: String,
    /// Factors held equal within a row, in the order of the columns.
    pub within: Vec<String>,
    /// Levels that all rows share.
    pub fixed: BTreeMap<String, String>,
    /// The contrasts.
    pub rows: Vec<Contrast>,
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
    /// Holm-adjusted p over all contrasts of the experiment that have a p; one that stands in two tables counts once.
    pub p_holm: Estimate<f64>,
    /// What the reader must know about z and p beside their values: a convention they rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Results {
    /// Writes `results.json` into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        table::write_json(&folder.join(RECORD), self)
    }

    /// Reads `results.json`.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        table::read_json(files.path(RECORD)?)
    }

    /// The model of this name.
    pub fn model(&self, name: &str) -> Option<&ModelResult> {
        self.models.iter().find(|model| model.name == name)
    }
}
