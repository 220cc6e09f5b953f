//! Areas on part of the exams, and areas of models that must not have learnt anything.

use serde::{Deserialize, Serialize};

use super::{Area, Estimate, SoundInterval};

/// All groups that one fact divides the exams into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubgroupResult {
    /// The fact.
    pub by: String,
    /// Its groups in order.
    pub groups: Vec<GroupResult>,
}

/// The models on one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupResult {
    /// The value of the fact.
    pub name: String,
    /// Whom the group is compared with.
    pub against: Against,
    /// Positive exams that the areas are made of.
    pub n_positive: usize,
    /// Negative exams that the areas are made of.
    pub n_negative: usize,
    /// One entry a model, in the order of [`super::Results::models`].
    pub areas: Vec<Estimate<Area>>,
}

/// Whom a group is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Its own positive with its own negative exams.
    Within,
    /// It has positive exams only: with all negative exams.
    AllNegative,
    /// It has negative exams only: with all positive exams.
    AllPositive,
}

/// A model that was trained on permuted labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryResult {
    /// Name of the trained model whose design it repeats.
    pub name: String,
    /// Area on the test exams with their true labels.
    pub auc: f64,
    /// The interval to believe.
    pub interval: Estimate<SoundInterval>,
}

impl CanaryResult {
    /// Whether the interval holds 0.5, so that nothing speaks for a leak; without an interval, whether the area is 0.5 itself.
    pub fn is_chance(&self) -> bool {
        let holds = |interval: &SoundInterval| interval.limits[0] <= 0.5 && 0.5 <= interval.limits[1];
        self.interval.defined().map_or(self.auc == 0.5, holds)
    }
}
