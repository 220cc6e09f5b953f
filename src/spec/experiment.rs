//! What a spec means: every name resolved, every default filled in, every model of the design spelt out. Plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::artifact::results::{Comparison, Factor};
use crate::imaging::{Fit, Recipe, Window};
use crate::phantom;
use crate::stage::compare::{Aggregate, OperatingRule};
use crate::stage::ingest::Slices;
use crate::stage::perturb::Change;
use crate::stage::{cases, explain, predict, pretrain, train};

/// The factor of a design over which scores are averaged instead of compared.
pub const SEED: &str = "seed";

/// One experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Short name: letters, digits, `-`, `_`; the report's folder.
    pub name: String,
    /// Title of the report.
    pub title: String,
    /// Root of all random streams.
    pub seed: u64,
    /// Words for the report on what the author wants said up front (e.g. what is reduced); may be empty.
    pub notes: Vec<String>,
    /// Where the exams come from and what they can be.
    pub cohort: Cohort,
    /// Who trains, who tunes, who tests.
    pub split: Split,
    /// What every image becomes.
    pub images: Images,
    /// Factors of the design in the order of the spec, each with its levels in order.
    pub factors: Vec<Factor>,
    /// One model a cell of the design, first factor slowest.
    pub models: Vec<Model>,
    /// How slices become exams and exams become numbers.
    pub evaluate: Evaluate,
    /// How the threshold of each model is chosen on the tuning exams.
    pub operating_point: OperatingRule,
    /// The contrasts that are asked for.
    pub compare: Vec<Comparison>,
    /// Parts of the test exams to look at on their own.
    pub subgroups: Vec<Subgroup>,
    /// Scores from elsewhere that are compared with the models.
    pub readers: Vec<Reader>,
    /// Names of the models that are trained once more on permuted labels.
    pub canaries: Vec<String>,
    /// Models that are looked at closely.
    pub explain: Option<Explain>,
    /// Changes of the test images under which models are judged once more.
    pub robustness: Option<Robustness>,
    /// What only the author can say.
    pub manuscript: Manuscript,
}

/// What only the author can say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manuscript {
    /// Exams that were excluded before the cohort was put together, by reason, in the author's order.
    pub excluded: Vec<(String, usize)>,
    /// Answers to items of CLAIM 2024, by number.
    pub claim: BTreeMap<usize, String>,
}

/// Changes of the test images.
#[derive(Debug, Clone, PartialEq)]
pub struct Robustness {
    /// Pooled names of the models that are judged.
    pub models: Vec<String>,
    /// One at a time.
    pub changes: Vec<Change>,
}

/// The exams.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// Where they come from.
    pub source: Source,
    /// Class names; the order is the order of the network's outputs.
    pub classes: Vec<String>,
    /// Classes that count as positive; the score of an exam is the sum of their probabilities.
    pub positive: Vec<String>,
}

/// Where exams come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Rendered here.
    Phantom(phantom::Cohort),
    /// The user's own files.
    Dicom {
        /// Folder that holds one folder an exam (at any depth below: studies are told apart by their UID).
        root: PathBuf,
        /// The label table (`exam,class` and optional further columns).
        labels: PathBuf,
        /// Which slices of each exam are used.
        slices: Slices,
    },
}

/// Who trains, who tunes, who tests; always by patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Test exams of each class; classes of `positive` may share one number under the key `positive`.
    pub test: BTreeMap<String, usize>,
    /// Share of the development exams of each class that tunes, in (0, 1).
    pub tune: f64,
}

/// What every image becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// Side of the square, pixels.
    pub size: usize,
    /// The unaugmented window.
    pub window: Window,
    /// How other shapes come to the square.
    pub fit: Fit,
}

/// One cell of the design.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Levels joined by `-`.
    pub name: String,
    /// The same without the level of `seed`: models that share it differ in nothing else, and their scores are averaged.
    pub pooled: String,
    /// Level of each factor.
    pub levels: BTreeMap<String, String>,
    /// Root of this model's own streams; the experiment's seed unless `seed` is a factor.
    pub seed: u64,
    /// The images it is trained and tested on.
    pub images: Images,
    /// Augmentation of its training images; `None` for none.
    pub augment: Option<Recipe>,
    /// How it is trained.
    pub train: train::Params,
    /// Where its weights start.
    pub start: Start,
    /// How it is applied.
    pub predict: predict::Params,
}

/// Where a model's weights start.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// The fillers.
    Untrained,
    /// A formula pretraining, shared by all models with equal parameters.
    Formula(pretrain::Params),
    /// A weight file.
    File(PathBuf),
}

/// How slices become exams and exams become numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate {
    /// The rule that makes one score of an exam's slices.
    pub aggregate: Aggregate,
    /// Level of intervals, in (0, 1).
    pub level: f64,
}

/// A fact that divides the test exams into groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgroup {
    /// A column of the label table, or a fact of the phantoms.
    pub by: String,
    /// Limits between groups of numbers, ascending; none where each value is a group.
    pub cuts: Vec<f64>,
}

/// What a closer look at models takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// The author's table of where lesions lie.
    pub marks: Option<PathBuf>,
    /// The models, in the order of the design.
    pub models: Vec<Explained>,
}

/// A closer look at one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Its name.
    pub model: String,
    /// Which exams are picked.
    pub cases: cases::Params,
    /// How they are explained.
    pub explain: explain::Params,
}

/// Where a table of scores comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoreSource {
    /// The author's own file.
    File(PathBuf),
    /// An output of one of the author's stages.
    Stage {
        /// Its name.
        stage: String,
        /// The output.
        output: String,
    },
}

/// Somebody, or a product, whose scores stand in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// Name for the report.
    pub name: String,
    /// The table: a row an exam, with a column `exam`.
    pub source: ScoreSource,
    /// The column of the scores; higher is more suspicious.
    pub column: String,
    /// The column of the classes named, where there is one.
    pub class: Option<String>,
    /// Scores from here on call an exam positive; where it is not said, 1 for scores that are all 0 or 1.
    pub threshold: Option<f64>,
    /// Names of the models that it is set against.
    pub against: Vec<String>,
}
