//! Everything that decides a comparison beside the predictions, as plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Aggregate, Columns, OperatingRule, Scored};
use crate::artifact::results::{Comparison, Factor};

/// The parameters of the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Class names in the order of the networks' outputs.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// The rule that makes one score of an exam's slices.
    pub aggregate: Aggregate,
    /// The rule that chooses each model's threshold on the tuning exams.
    pub operating_point: OperatingRule,
    /// Level of every interval, in (0, 1).
    pub level: f64,
    /// The factors of the design in the order of the spec, each with its levels in order; never the seed.
    pub factors: Vec<Factor>,
    /// The models in the order of the design.
    pub models: Vec<Model>,
    /// The comparisons asked for.
    pub comparisons: Vec<Comparison>,
    /// The test exams.
    pub exams: Vec<Exam>,
    /// The tuning exams; they choose thresholds and nothing else.
    pub tuning: Vec<Exam>,
    /// Parts of the test exams to look at on their own.
    pub subgroups: Vec<Subgroup>,
    /// Scores that come from elsewhere.
    pub readers: Vec<Reader>,
    /// Trained models that were trained once more on permuted labels.
    pub canaries: Vec<String>,
}

/// One model of the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Level of each factor.
    pub levels: BTreeMap<String, String>,
    /// The trainings whose scores are averaged, one a seed; at least one.
    pub trainings: Vec<Training>,
}

/// One training of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Its name, which is also the name of its inputs.
    pub name: String,
    /// Its seed, where the seed is a factor of the design.
    pub seed: Option<String>,
}

/// One exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exam {
    /// Its name in the predictions.
    pub id: String,
    /// Its reference standard.
    pub class: String,
}

/// A fact that divides the test exams into groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subgroup {
    /// The fact.
    pub by: String,
    /// Its groups in the order of the table. An exam is in one or in none.
    pub groups: Vec<Group>,
}

/// Test exams that share a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they share.
    pub name: String,
    /// Their ids.
    pub exams: Vec<String>,
}

/// Somebody, or a product, that judged the test exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reader {
    /// Name for tables.
    pub name: String,
    /// A score a test exam, in their order; higher is more suspicious.
    pub scores: Vec<f64>,
    /// The class named for each test exam, where the reader named one.
    pub named: Option<Vec<String>>,
    /// Scores from here on call an exam positive; without it there is no operating point.
    pub threshold: Option<f64>,
    /// Names of the models that it is set against.
    pub against: Vec<String>,
    /// Where the scores are in the table at input `readers/…`, which another stage makes; they are not known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Columns>,
}

impl Reader {
    /// With these scores. Where they are all 0 or 1, 1 calls positive unless the spec says otherwise.
    #[must_use]
    pub fn with(self, scored: Scored) -> Self {
        let is_binary = scored.scores.iter().all(|score| [0.0, 1.0].contains(score));
        let threshold = self.threshold.or(is_binary.then_some(1.0));
        Self { threshold, scores: scored.scores, named: scored.named, table: None, ..self }
    }
}

impl Params {
    pub(super) fn is_positive(&self, exam: &Exam) -> bool {
        self.positive.contains(&exam.class)
    }
}
