//! Kind `report`: everything that a reader of the experiment gets, rendered from the one store of results. Runs in `bgh`.
//!
//! Inputs `results` (of the comparison: `results.json`, `scores.csv`, `slices.csv`) and, by the name of the model, `curves` and
//! `records` of its training. Output: `report.html`, `report.pdf`, `report.docx`, `report.md`, `claim.md`, `tables/`, `figures/`,
//! `numbers.csv`, `numbers.tex`, `results.json`, `scores.csv`, `slices.csv`, `curves.csv`, `roc.csv`. Equal inputs give equal bytes: times and hosts belong to `provenance.json`, which the run that
//! knows them puts beside these files and to which the page links.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Study, render};
use crate::artifact::results::Results;
use crate::artifact::{Cases, Characteristics, Curves, Disjoint, Explanations, Files, ImageSet, TrainingRecord};
use crate::imaging::{Fit, Recipe, Window};
use crate::stage::paper::Paper;
use crate::stage::perturb::Change;
use crate::stage::{Kind, Needs, Run, Task, cases, explain, predict, pretrain, train};

/// The kind. Inputs `results`, `proof`, `curves/<model>`, `records/<model>` and `external/<cohort>`.
pub const KIND: Kind = Kind {
    name: "report",
    version: 6,
    outputs: &["report"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 2.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    let inputs = Inputs {
        results: task.input("results")?.clone(),
        curves: task.inputs_below("curves"),
        records: task.inputs_below("records"),
        characteristics: task.inputs.get("characteristics").cloned(),
        cases: task.inputs_below("cases"),
        explanations: task.inputs_below("explanations"),
        robustness: task.inputs_below("robustness"),
        augmented: task.inputs_below("augmented"),
        external: task.inputs_below("external"),
        proof: task.inputs.get("proof").cloned(),
    };
    run(&task.params()?, &inputs, &task.job.port("report")?)
}

/// What the report is made from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Of the comparison.
    pub results: Files,
    /// Learning curves by the name of the trained model.
    pub curves: BTreeMap<String, Files>,
    /// Facts of the training by the name of the trained model.
    pub records: BTreeMap<String, Files>,
    /// Who was examined and how.
    pub characteristics: Option<Files>,
    /// Exams that were picked for a closer look, by the name of the trained model.
    pub cases: BTreeMap<String, Files>,
    /// What the model looked at in them.
    pub explanations: BTreeMap<String, Files>,
    /// Of the comparisons on changed images, by the slug of the change.
    pub robustness: BTreeMap<String, Files>,
    /// Augmented training images, by the number of variants.
    pub augmented: BTreeMap<String, Files>,
    /// Of the comparisons on cohorts from elsewhere, by the name of the cohort.
    pub external: BTreeMap<String, Files>,
    /// That the parts share nothing.
    pub proof: Option<Files>,
}

/// What the report says beside the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Title of the report.
    pub title: String,
    /// Short name of the experiment.
    pub name: String,
    /// The author's remarks (e.g. what is reduced), shown up front.
    pub notes: Vec<String>,
    /// Root of all random streams.
    pub seed: u64,
    /// The exams.
    pub cohort: CohortSummary,
    /// How each trained model came about, by its name.
    pub methods: BTreeMap<String, ModelMethods>,
    /// How exams were picked and explained, by the name of the trained model.
    #[serde(default)]
    pub looks: BTreeMap<String, Look>,
    /// Changes of the images under which models were judged once more, in the order of the spec.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Exams that were excluded before the cohort was put together, by reason, in the author's order.
    #[serde(default)]
    pub excluded: Vec<(String, usize)>,
    /// The author's answers to items of CLAIM 2024, by number.
    #[serde(default)]
    pub claim: BTreeMap<usize, String>,
    /// How figures are printed.
    #[serde(default)]
    pub paper: Paper,
}

/// How exams were picked and explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Which exams.
    pub cases: cases::Params,
    /// How.
    pub explain: explain::Params,
}

/// The exams and how they were divided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortSummary {
    /// Where the exams come from, as a sentence (`Exams were rendered by a software phantom.`).
    pub source: String,
    /// The partitions in the order in which a model meets them: training, tuning, test; or the folds.
    pub partitions: Vec<Partition>,
    /// How they were divided, as sentences.
    #[serde(default)]
    pub division: String,
}

/// One partition of the exams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// `Training`, `Tuning` or `Test`.
    pub name: String,
    /// Exams of each class.
    pub exams: BTreeMap<String, usize>,
    /// Images (slices) before augmentation, where they are known.
    pub images: Option<usize>,
}

/// How one model came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelMethods {
    /// What every image becomes.
    pub images: ImageMethods,
    /// Augmentation of its training images; `None` for none.
    pub augment: Option<Recipe>,
    /// How it was trained.
    pub train: train::Params,
    /// The pretraining that its weights started from, where it was one.
    pub pretrain: Option<pretrain::Params>,
    /// How it was applied.
    pub predict: predict::Params,
}

/// What every image becomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImageMethods {
    /// Side of the square, pixels.
    pub size: usize,
    /// The unaugmented window.
    pub window: Window,
    /// How other shapes come to the square.
    pub fit: Fit,
}

/// Renders the report into `out`. A model without entries in `curves` and `records` (a reader's scores) is compared but not
/// described.
///
/// # Errors
/// When an input is missing or damaged, the results contradict themselves, or `out` cannot be written.
pub fn run(params: &Params, inputs: &Inputs, out: &Path) -> Result<()> {
    let characteristics = inputs.characteristics.as_ref().map(Characteristics::open).transpose()?;
    let proof = inputs.proof.as_ref().map(Disjoint::open).transpose()?;
    let study = Study {
        params,
        results: &Results::open(&inputs.results)?,
        curves: &opened(&inputs.curves, Curves::open)?,
        records: &opened(&inputs.records, TrainingRecord::open)?,
        characteristics: characteristics.as_ref(),
        cases: &opened(&inputs.cases, Cases::open)?,
        explanations: &opened(&inputs.explanations, Explanations::open)?,
        robustness: &opened(&inputs.robustness, Results::open)?,
        augmented: &opened(&inputs.augmented, ImageSet::open)?,
        external: &opened(&inputs.external, Results::open)?,
        proof: proof.as_ref(),
    };
    render(&study, out)?;
    ["results.json", "scores.csv", "slices.csv"].iter().try_for_each(|name| pass_on(&inputs.results, name, out))
}

fn opened<T>(models: &BTreeMap<String, Files>, open: impl Fn(&Files) -> Result<T>) -> Result<BTreeMap<String, T>> {
    let one = |(name, files): (&String, &Files)| {
        let artifact = open(files).with_context(|| format!("input of the report for `{name}`"))?;
        Ok((name.clone(), artifact))
    };
    models.iter().map(one).collect()
}

/// Bytes only: files of the cache are read-only, and their copies must not be.
fn pass_on(results: &Files, name: &str, out: &Path) -> Result<()> {
    let (from, to) = (results.path(name)?, out.join(name));
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    std::fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))
}
