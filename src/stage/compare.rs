//! Kind `compare`: every model on the same test exams, and the contrasts between them. Runs in the tool.
//!
//! Inputs: the `predictions` of each model under the model's name. Output `results`: `results.json`, and for readers with their
//! own tools `scores.csv`, `slices.csv` and `roc/<model>.csv`.
//!
//! 1. Check: all models must have judged the same exams and slices (`applied`).
//! 2. Aggregate: one score and one class an exam (`aggregate`). The exam is the unit: slices of one exam are not independent.
//! 3. Calculate: one sort a model; ROC, AUC and DeLong come from it ([`crate::stats`]).
//! 4. Contrast: pairs that differ in one factor (`contrasts`), Holm-adjusted over all of them.

mod aggregate;
mod applied;
mod contrasts;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

pub use self::aggregate::Aggregate;
use self::applied::Applied;
use super::{Kind, Run, Task};
use crate::artifact::results::{self, Contrast, Estimate, Factor, ModelResult, Results, RocPoint};
use crate::artifact::{Files, Predictions};
use crate::stats::{self, Basis, Interval, Level, Pair, Placements, Reference, Roc, Scores};

/// The kind. Inputs `models/<name>`.
pub const KIND: Kind =
    Kind { name: "compare", version: 1, outputs: &["results"], run: Run::Here(task), cost: 1.0, random: false };

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, &task.inputs_below("models"), &task.job.port("results")?)
}

/// Everything that decides a comparison beside the predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Class names in the order of the networks' outputs.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// The rule that makes one score of an exam's slices.
    pub aggregate: Aggregate,
    /// Level of every interval, in (0, 1).
    pub level: f64,
    /// The factors of the design in the order of the spec, each with its levels in order.
    pub factors: Vec<Factor>,
    /// The models in the order of the design.
    pub models: Vec<Model>,
    /// The comparisons asked for.
    pub comparisons: Vec<Comparison>,
    /// The test exams.
    pub exams: Vec<Exam>,
}

/// One model of the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its name, which is also the name of its input.
    pub name: String,
    /// Level of each factor.
    pub levels: BTreeMap<String, String>,
}

/// One comparison: every pair of levels of one factor, all other factors equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Title of the table.
    pub title: String,
    /// The factor whose levels are compared.
    pub factor: String,
    /// Factors held equal within a row, in the order of the columns; any that is neither here nor fixed is appended.
    pub within: Vec<String>,
    /// Levels that all rows share.
    pub fixed: BTreeMap<String, String>,
}

/// One test exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exam {
    /// Its name in the predictions.
    pub id: String,
    /// Its reference standard.
    pub class: String,
}

impl Params {
    fn is_positive(&self, exam: &Exam) -> bool {
        self.positive.contains(&exam.class)
    }
}

/// Compares the `predictions` of every model, by model name, and writes the results into the folder `out`.
///
/// # Errors
/// As [`compare`], and when a file cannot be read or written.
pub fn run(params: &Params, predictions: &BTreeMap<String, Files>, out: &Path) -> Result<()> {
    let open = |(name, files): (&String, &Files)| Ok((name.clone(), Predictions::open(files)?));
    let predictions = predictions.iter().map(open).collect::<Result<BTreeMap<_, _>>>()?;
    let applied = apply(params, &predictions)?;
    let curves = curves(params, &applied)?;
    tables::write_scores(params, &applied, out)?;
    tables::write_slices(params, &applied, out)?;
    let folder = out.join("roc");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    applied.iter().zip(&curves).try_for_each(|(applied, curve)| tables::write_roc(&applied.model.name, &curve.roc, &folder))?;
    conclude(params, &applied, &curves)?.write(out)
}

/// Compares the `predictions` of every model, by model name.
///
/// # Errors
/// When a model has no predictions, the models did not judge the same exams and slices, a probability is not in [0, 1], the exams
/// are all of one sort, or a comparison names what the design does not have.
pub fn compare(params: &Params, predictions: &BTreeMap<String, Predictions>) -> Result<Results> {
    let applied = apply(params, predictions)?;
    conclude(params, &applied, &curves(params, &applied)?)
}

/// What is made of one model's scores.
struct Curve {
    roc: Roc,
    placements: Placements,
    lowest: f64,
}

fn apply<'a>(params: &'a Params, predictions: &BTreeMap<String, Predictions>) -> Result<Vec<Applied<'a>>> {
    ensure_distinct(&params.exams)?;
    let of = |model: &'a Model| {
        let predictions = predictions.get(&model.name).with_context(|| format!("model `{}` has no predictions", model.name))?;
        Applied::new(params, model, predictions)
    };
    let applied = params.models.iter().map(of).collect::<Result<Vec<_>>>()?;
    applied.windows(2).try_for_each(|pair| pair[0].ensure_same_slices(&pair[1], params))?;
    Ok(applied)
}

fn ensure_distinct(exams: &[Exam]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let twice = exams.iter().find(|exam| !seen.insert(&exam.id));
    twice.map_or(Ok(()), |exam| bail!("test exam `{}` is listed twice", exam.id))
}

fn curves(params: &Params, applied: &[Applied<'_>]) -> Result<Vec<Curve>> {
    let is_case = params.exams.iter().map(|exam| params.is_positive(exam)).collect();
    let reference = Arc::new(Reference::new(is_case).context("the test exams")?);
    let curve = |applied: &Applied<'_>| {
        let values = applied.scores();
        let scores = Scores::new(&reference, &values).with_context(|| format!("model `{}`", applied.model.name))?;
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        Ok(Curve { roc: Roc::of(&scores), placements: Placements::of(&scores), lowest })
    };
    applied.iter().map(curve).collect()
}

fn conclude(params: &Params, applied: &[Applied<'_>], curves: &[Curve]) -> Result<Results> {
    let level = Level::new(params.level)?;
    let model = |(applied, curve)| model_result(params, applied, curve, level);
    let models = applied.iter().zip(curves).map(model).collect::<Result<_>>()?;
    let comparison = |comparison| comparison_result(params, comparison, curves, level);
    let mut comparisons = params.comparisons.iter().map(comparison).collect::<Result<Vec<_>>>()?;
    adjust(&mut comparisons);
    let n_positive = params.exams.iter().filter(|exam| params.is_positive(exam)).count();
    Ok(Results {
        classes: params.classes.clone(),
        positive: params.positive.clone(),
        aggregate: params.aggregate.to_string(),
        level: params.level,
        n_positive,
        n_negative: params.exams.len() - n_positive,
        factors: params.factors.clone(),
        models,
        comparisons,
    })
}

fn model_result(params: &Params, applied: &Applied<'_>, curve: &Curve, level: Level) -> Result<ModelResult> {
    let (auc, variance) = (stats::auc(&curve.placements), stats::delong::variance(&curve.placements));
    Ok(ModelResult {
        name: applied.model.name.clone(),
        levels: applied.model.levels.clone(),
        auc,
        se: variance.map(f64::sqrt).into(),
        ci: variance.map(|variance| limits(Interval::normal(auc, variance, level).clipped())).into(),
        exact_ci: stats::exact_interval(&curve.placements, level).map(limits),
        roc: roc_points(curve),
        confusion: confusion(params, applied)?,
    })
}

fn limits(interval: Interval) -> [f64; 2] {
    [interval.lower, interval.upper]
}

/// JSON has no -∞, and the lowest score calls as many positive.
fn roc_points(curve: &Curve) -> Vec<RocPoint> {
    let point = |point: &stats::Point| RocPoint {
        threshold: point.threshold.map(|threshold| threshold.max(curve.lowest)),
        false_positive_rate: curve.roc.false_positive_rate(point),
        true_positive_rate: curve.roc.sensitivity(point),
    };
    curve.roc.points.iter().map(point).collect()
}

fn confusion(params: &Params, applied: &Applied<'_>) -> Result<Vec<Vec<usize>>> {
    let mut counts = vec![vec![0; params.classes.len()]; params.classes.len()];
    for (exam, applied) in params.exams.iter().zip(&applied.exams) {
        let class = params.classes.iter().position(|class| *class == exam.class);
        let class = class.with_context(|| format!("exam `{}` is `{}`, which is no class", exam.id, exam.class))?;
        counts[class][applied.predicted] += 1;
    }
    Ok(counts)
}

fn comparison_result(params: &Params, comparison: &Comparison, curves: &[Curve], level: Level) -> Result<results::Comparison> {
    let place = || format!("comparison `{}`", comparison.title);
    let pairs = contrasts::pairs(params, comparison).with_context(place)?;
    let within = contrasts::held_equal(params, comparison).with_context(place)?;
    let contrast = |(a, b)| contrast(params, curves, (a, b), level);
    Ok(results::Comparison {
        title: comparison.title.clone(),
        factor: comparison.factor.clone(),
        within: within.into_iter().map(|factor| factor.name.clone()).collect(),
        fixed: comparison.fixed.clone(),
        rows: pairs.into_iter().map(contrast).collect::<Result<_>>()?,
    })
}

fn contrast(params: &Params, curves: &[Curve], (a, b): (usize, usize), level: Level) -> Result<Contrast> {
    let pair = Pair::new(&curves[a].placements, &curves[b].placements)?;
    let test = pair.test();
    Ok(Contrast {
        a: params.models[a].name.clone(),
        b: params.models[b].name.clone(),
        difference: pair.difference(),
        se: pair.variance().map(f64::sqrt).into(),
        ci: pair.interval(level).map(limits).into(),
        z: test.map(|test| test.z).into(),
        p: test.map(|test| test.p).into(),
        p_holm: test.map(|test| test.p).into(),
        note: test.ok().and_then(|test| note(test.basis)),
    })
}

fn note(basis: Basis) -> Option<String> {
    let same = "both models place every exam alike: z = 0 and p = 1 by convention, the data cannot tell them apart";
    (basis == Basis::IdenticalRanking).then(|| same.to_owned())
}

/// One hypothesis may stand in two tables; it is one member of the family. Undefined tests are none.
fn adjust(comparisons: &mut [results::Comparison]) {
    let rows = comparisons.iter().flat_map(|comparison| &comparison.rows);
    let key = |row: &Contrast| (row.a.clone(), row.b.clone());
    let family: BTreeMap<_, f64> = rows.filter_map(|row| defined(&row.p).map(|p| (key(row), p))).collect();
    let adjusted = stats::holm(&family.values().copied().collect::<Vec<_>>());
    let adjusted: BTreeMap<_, f64> = family.into_keys().zip(adjusted).collect();
    for row in comparisons.iter_mut().flat_map(|comparison| &mut comparison.rows) {
        if let Some(&p) = adjusted.get(&key(row)) {
            row.p_holm = Estimate::Defined(p);
        }
    }
}

fn defined(estimate: &Estimate<f64>) -> Option<f64> {
    match estimate {
        Estimate::Defined(value) => Some(*value),
        Estimate::Undefined(_) => None,
    }
}
