//! The one store of numbers: `results.json`, written by the comparison, read by every table, figure and sentence of the report.

mod comparison;
mod estimate;
mod model;
mod operating;
mod subset;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};

pub use comparison::{ChiSquare, Comparison, ComparisonResult, Contrast, JointTest, PairedRate};
pub use estimate::{Estimate, Rate, Ratio};
pub use model::{
    Area, Calibration, ClassArea, IntervalMethod, Mistake, ModelResult, Naming, ReliabilityBin, RocPoint, SoundInterval,
    Spread, TrainingResult,
};
pub use operating::{Counts, Operating};
pub use subset::{Against, CanaryResult, GroupResult, SubgroupResult};

const RECORD: &str = "results.json";

/// Everything that the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Class names in the order of the spec.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// The rule that made one score of an exam's slices.
    pub aggregate: String,
    /// The rule that chose each operating point on the tuning exams, in words.
    pub operating_rule: String,
    /// Level of every interval, e.g. 0.95.
    pub level: f64,
    /// Test exams with a positive class.
    pub n_positive: usize,
    /// Test exams without.
    pub n_negative: usize,
    /// The factors of the design in the order of the spec, each with its levels in order; never the seed, over which is averaged.
    pub factors: Vec<Factor>,
    /// One entry a model, in the order of the design (first factor slowest).
    pub models: Vec<ModelResult>,
    /// One entry a `[[reader]]` of the spec.
    pub readers: Vec<ModelResult>,
    /// All models at once, where there are two at least.
    pub joint: Option<JointTest>,
    /// One entry a `[[compare]]` of the spec.
    pub comparisons: Vec<ComparisonResult>,
    /// Each reader with the models it is set against.
    pub reader_contrasts: Vec<Contrast>,
    /// One entry a `[[subgroup]]` of the spec.
    pub subgroups: Vec<SubgroupResult>,
    /// Models trained on permuted labels.
    pub canaries: Vec<CanaryResult>,
}

/// One factor of the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Name in the spec (`augment`).
    pub name: String,
    /// Its levels (`none`, `x48`).
    pub levels: Vec<String>,
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

    /// The model, or the reader, of this name.
    pub fn model(&self, name: &str) -> Option<&ModelResult> {
        self.models.iter().chain(&self.readers).find(|model| model.name == name)
    }
}
