//! What a spec means: every name resolved, every default filled in, every model of the design spelt out. Plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::artifact::results::{Comparison, Factor};
use crate::imaging::{Fit, Recipe, Window};
use crate::labels::Slices;
use crate::phantom;
use crate::stage::Format;
use crate::stage::compare::{Aggregate, OperatingRule};
use crate::stage::paper::Paper;
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
    /// When images of two parts count as one.
    pub leakage: Leakage,
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
    /// How the journal prints figures.
    pub paper: Paper,
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
    /// Cohorts that only test.
    pub external: Vec<External>,
}

impl Cohort {
    /// The author's folders: of the cohort itself, where it has one, then of the external ones.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        let own = match &self.source {
            Source::Folder(folder) => Some(folder),
            Source::Phantom(_) => None,
        };
        own.into_iter().chain(self.external.iter().map(|external| &external.folder))
    }
}

/// A cohort from elsewhere, on which the models are tested and nothing is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// What it is called: letters, digits, `-`, `_`.
    pub name: String,
    /// Its exams.
    pub folder: Folder,
}

/// Where exams come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Rendered here.
    Phantom(phantom::Cohort),
    /// The user's own files.
    Folder(Folder),
}

/// A folder of exams with the table of their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// What the files are.
    pub format: Format,
    /// Holds the exams at any depth below: DICOM studies are told apart by their UID.
    pub root: PathBuf,
    /// The label table: a column that names the exam, `class`, and optional further columns.
    pub labels: PathBuf,
    /// Which slices of each exam are used, where its label does not say.
    pub slices: Slices,
    /// What exams without a label are.
    pub unlabelled: Unlabelled,
    /// Who says which exams are of one patient.
    pub patient_ids: PatientIds,
}

/// What exams without a label are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlabelled {
    /// A fault: leaving exams out is a choice that somebody has to make.
    Refuse,
    /// Left out.
    Skip,
}

/// Who says which exams are of one patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientIds {
    /// The table, and where it is silent the files; that they contradict each other is a fault.
    Files,
    /// The table, whatever the files say: their ids are placeholders.
    Table,
}

/// Who trains, who tunes, who tests; always by patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Who tests.
    pub test: Test,
    /// Share of the development exams of each class that tunes, in (0, 1); of folds, one tunes.
    pub tune: f64,
    /// Columns of the label table, or facts of the phantoms, by which the parts are to be alike, beside the class.
    pub balance: Vec<String>,
}

/// Who tests.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// So many exams of each class; classes of `positive` may share one number under the key `positive`.
    Counts(BTreeMap<String, usize>),
    /// Each patient with this chance, in (0, 1): what becomes of one never depends on the others.
    Share(f64),
    /// Every exam once: the patients are dealt out into so many folds, and each fold is tested by models trained on the others.
    Folds(usize),
}

/// When images of two parts count as one, which stops a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Leakage {
    /// Correlation of their detail from which they do, in (0, 1]; `None` for equal pixels alone.
    pub near: Option<f64>,
    /// Pairs of exams that the author knows to be alike, each in the order of the names.
    pub acknowledged: BTreeSet<(String, String)>,
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
