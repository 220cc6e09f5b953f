//! What is known of one set of scores on the test exams, a model's or a reader's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Estimate, Operating, Rate};

/// One model, or one reader, on the test exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelResult {
    /// The model's name: its levels joined by `-` (`none-alexnet-untrained`); the reader's name.
    pub name: String,
    /// Level of each factor; none for a reader.
    pub levels: BTreeMap<String, String>,
    /// Area under the ROC curve of its scores. Where several seeds were trained, of the scores averaged over them.
    pub auc: f64,
    /// DeLong standard error.
    pub se: Estimate<f64>,
    /// DeLong interval, clipped to [0, 1]; a single point where the area is 0 or 1.
    pub ci: Estimate<[f64; 2]>,
    /// The interval to believe.
    pub sound: Estimate<SoundInterval>,
    /// Empirical ROC points by increasing false positive rate, from (0, 0) to (1, 1).
    pub roc: Vec<RocPoint>,
    /// What it does at its operating point.
    pub operating: Estimate<Operating>,
    /// Which class it names; `None` for a reader who named none.
    pub naming: Option<Naming>,
    /// Each class against all others, by the class's own probability; empty for a reader.
    pub one_vs_rest: Vec<ClassArea>,
    /// Whether its scores are true as probabilities; `None` for a reader.
    pub calibration: Option<Calibration>,
    /// The exams that it names or calls wrongly, in the order of the exams.
    #[serde(default)]
    pub mistakes: Vec<Mistake>,
    /// The trainings it is the mean of, one a seed; empty for a reader.
    pub trainings: Vec<TrainingResult>,
    /// How the areas of single seeds scatter, where there are several.
    pub spread: Option<Spread>,
}

/// An interval of an area that keeps its level near 0 and 1, and how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoundInterval {
    /// The limits.
    pub limits: [f64; 2],
    /// The method.
    pub method: IntervalMethod,
}

/// How an interval of an area was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// DeLong's variance on the logit scale.
    LogitDelong,
    /// Exact, where the scores separate the classes completely.
    ExactSeparation,
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

/// Which class is named for each exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Naming {
    /// Counts `[reference class][named class]` of exams, in the order of the classes. A model names the most probable class.
    pub confusion: Vec<Vec<usize>>,
    /// Share of each class that is named rightly, in the order of the classes.
    pub rightly_named: Vec<Estimate<Rate>>,
    /// Share of all exams that are named rightly.
    pub accuracy: Estimate<Rate>,
    /// Of the positive exams called positive at the operating point, those whose own class is the most probable positive one (for a
    /// reader: the class named): the side is right. `None` with a single positive class.
    pub side: Option<Estimate<Rate>>,
}

/// An exam that is judged wrongly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The exam.
    pub exam: String,
    /// The reference standard.
    pub class: String,
    /// Its score.
    pub score: f64,
    /// The class named, where one is.
    pub named: Option<String>,
    /// Whether it is called positive at the operating point, where there is one.
    pub called: Option<bool>,
}

/// One class against all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassArea {
    /// The class.
    pub class: String,
    /// Area under the ROC curve of the class's probability, and the interval to believe; undefined where no test exam, or every one,
    /// is of the class.
    pub area: Estimate<Area>,
}

/// An area with the interval to believe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Area under the ROC curve.
    pub auc: f64,
    /// The interval to believe.
    pub interval: Estimate<SoundInterval>,
}

/// Whether scores are true as probabilities of a positive finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Mean squared error, in [0, 1].
    pub brier: f64,
    /// Expected calibration error over the bins.
    pub expected_error: f64,
    /// Calibration slope: below 1 where the scores are too extreme.
    pub slope: Estimate<f64>,
    /// Interval of the slope.
    pub slope_ci: Estimate<[f64; 2]>,
    /// The reliability curve over ten bins of equal width; those with nobody in them are left out.
    pub bins: Vec<ReliabilityBin>,
}

/// One point of a reliability curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean score.
    pub predicted: f64,
    /// Share of positive exams.
    pub observed: f64,
    /// Exams in the bin.
    pub exams: usize,
    /// Wilson interval of `observed`.
    pub ci: [f64; 2],
}

/// One training, before scores are averaged over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingResult {
    /// Name of the trained model.
    pub name: String,
    /// Its seed, where the seed is a factor of the design.
    pub seed: Option<String>,
    /// Area under the ROC curve of its own scores.
    pub auc: f64,
}

/// How areas scatter over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean of the areas.
    pub mean: f64,
    /// Their standard deviation, with one less than their number.
    pub sd: f64,
    /// The smallest.
    pub lowest: f64,
    /// The largest.
    pub highest: f64,
}
