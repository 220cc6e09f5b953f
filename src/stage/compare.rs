//! Kind `compare`: every model on the same test exams, and the contrasts between them. Runs in the tool.
//!
//! Inputs, each under the name of a trained model: its predictions for the test exams (`models`), for the tuning exams (`tuning`), and
//! for the test exams after a training on permuted labels (`canary`). Output `results`: `results.json`, and for readers with their
//! own tools `scores.csv`, `slices.csv` and `roc/<model>.csv`.
//!
//! 1. Check: all trainings must have judged the same exams and slices (`applied`).
//! 2. Aggregate: one score and one class an exam (`aggregate`). The exam is the unit: slices of one exam are not independent.
//! 3. Rate: the scores of a model, averaged over its seeds, or of a reader; one sort each, and a threshold that the test exams had
//!    no part in (`rater`, `operating`).
//! 4. Judge: areas, rates, named classes, calibration, subgroups ([`crate::stats`]).
//! 5. Contrast: pairs that differ in one factor (`contrasts`), Holm-adjusted over all of them.

mod aggregate;
mod applied;
mod area;
mod calibration;
mod contrast;
mod contrasts;
mod naming;
mod operating;
mod params;
mod rater;
mod scored;
mod subgroups;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

pub use self::aggregate::Aggregate;
pub(super) use self::aggregate::{mean_probabilities, most_probable};
use self::applied::Applied;
pub use self::operating::OperatingRule;
pub use self::params::{Exam, Group, Model, Params, Reader, Subgroup, Training};
use self::rater::Rater;
pub use self::scored::{Columns, Scored};
use super::{Kind, Needs, Run, Task};
use crate::artifact::results::{
    CanaryResult, Comparison, ComparisonResult, Contrast, Estimate, ModelResult, Rate, Results, RocPoint, Spread,
    TrainingResult,
};
use crate::artifact::{Files, Predictions};
use crate::stats::proportion::{Proportion, clopper_pearson};
use crate::stats::{self, Interval, Level, Placements, Reference, Scores, Undefined};

/// The kind. Inputs `models/<name>`, `tuning/<name>` and `canary/<name>`.
pub const KIND: Kind = Kind {
    name: "compare",
    version: 3,
    outputs: &["results"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    let open = |port| opened(&task.inputs_below(port));
    let predicted = Predicted { test: open("models")?, tuning: open("tuning")?, canary: open("canary")? };
    let params = with_readers(task.params()?, &task.inputs_below("readers"))?;
    run(&params, &predicted, &task.job.port("results")?)
}

/// Reads the tables that other stages made.
fn with_readers(mut params: Params, tables: &BTreeMap<String, Files>) -> Result<Params> {
    let test: Vec<&str> = params.exams.iter().map(|exam| exam.id.as_str()).collect();
    let one = |reader: Reader| {
        let Some(columns) = &reader.table else { return Ok(reader) };
        let place = || format!("reader `{}`", reader.name);
        let table = tables.get(&reader.name).and_then(|files| files.iter().next()).with_context(place)?;
        let scored = Scored::read(table.1, columns, &params.classes, &test, None);
        let scored = scored.map_err(|faults| anyhow::anyhow!(faults.join("; "))).with_context(place)?;
        Ok(reader.with(scored))
    };
    let readers = std::mem::take(&mut params.readers).into_iter().map(one).collect::<Result<_>>()?;
    Ok(Params { readers, ..params })
}

fn opened(predictions: &BTreeMap<String, Files>) -> Result<BTreeMap<String, Predictions>> {
    predictions.iter().map(|(name, files)| Ok((name.clone(), Predictions::open(files)?))).collect()
}

/// Predictions by the name of the trained model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predicted {
    /// Of the test exams.
    pub test: BTreeMap<String, Predictions>,
    /// Of the tuning exams.
    pub tuning: BTreeMap<String, Predictions>,
    /// Of the test exams, by the model trained on permuted labels.
    pub canary: BTreeMap<String, Predictions>,
}

/// Compares what every model `predicted` and writes the results into the folder `out`.
///
/// # Errors
/// As [`compare`], and when a file cannot be written.
pub fn run(params: &Params, predicted: &Predicted, out: &Path) -> Result<()> {
    let study = Study::of(params, predicted)?;
    tables::write_scores(params, &study, out)?;
    tables::write_slices(params, &study, out)?;
    let folder = out.join("roc");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    study.raters().try_for_each(|rater| tables::write_roc(&rater.name, &rater.roc, &folder))?;
    study.conclude()?.write(out)
}

/// Compares what every model `predicted`.
///
/// # Errors
/// When a training has no predictions, the trainings did not judge the same exams and slices, a probability is not in [0, 1], the
/// exams are all of one sort, two models or readers have one name, or a comparison names what the design does not have.
pub fn compare(params: &Params, predicted: &Predicted) -> Result<Results> {
    Study::of(params, predicted)?.conclude()
}

/// Trained models on one set of exams, by name.
type ByName<'a> = BTreeMap<&'a str, Applied>;

/// The scores of everybody, before anything is concluded from them.
struct Study<'a> {
    params: &'a Params,
    level: Level,
    reference: Arc<Reference>,
    /// Every training on the test exams.
    trainings: ByName<'a>,
    canaries: ByName<'a>,
    models: Vec<Rater>,
    readers: Vec<Rater>,
}

impl<'a> Study<'a> {
    fn of(params: &'a Params, predicted: &Predicted) -> Result<Self> {
        check_names(params)?;
        let names = || params.models.iter().flat_map(|model| &model.trainings).map(|training| &training.name);
        let trainings = applied(params, &params.exams, names(), &predicted.test)?;
        let tuning = applied(params, &params.tuning, names(), &predicted.tuning).context("on the tuning exams")?;
        let canaries = applied(params, &params.exams, params.canaries.iter(), &predicted.canary);
        let canaries = canaries.context("trained on permuted labels")?;
        let on_test: Vec<&Applied> = trainings.values().chain(canaries.values()).collect();
        on_test.windows(2).try_for_each(|pair| pair[0].ensure_same_slices(pair[1], params))?;
        let reference = rater::reference(params, &params.exams).context("the test exams")?;
        let model = |model| Rater::of_model(params, &reference, model, &of_model(model, &trainings), &of_model(model, &tuning));
        let reader = |reader| Rater::of_reader(params, &reference, reader);
        Ok(Self {
            params,
            level: Level::new(params.level)?,
            models: params.models.iter().map(model).collect::<Result<_>>()?,
            readers: params.readers.iter().map(reader).collect::<Result<_>>()?,
            reference,
            trainings,
            canaries,
        })
    }

    /// Models, then readers.
    fn raters(&self) -> impl Iterator<Item = &Rater> {
        self.models.iter().chain(&self.readers)
    }

    fn conclude(&self) -> Result<Results> {
        let params = self.params;
        let mut comparisons = params.comparisons.iter().map(|asked| self.comparison(asked)).collect::<Result<Vec<_>>>()?;
        contrast::adjust(comparisons.iter_mut().flat_map(|comparison| &mut comparison.rows));
        let mut reader_contrasts = self.reader_contrasts()?;
        contrast::adjust(reader_contrasts.iter_mut());
        let n_positive = params.exams.iter().filter(|exam| params.is_positive(exam)).count();
        let subgroup = |subgroup| subgroups::subgroup(params, subgroup, &self.models, self.level);
        Ok(Results {
            classes: params.classes.clone(),
            positive: params.positive.clone(),
            aggregate: params.aggregate.to_string(),
            operating_rule: params.operating_point.to_string(),
            level: params.level,
            n_positive,
            n_negative: params.exams.len() - n_positive,
            factors: params.factors.clone(),
            models: params
                .models
                .iter()
                .zip(&self.models)
                .map(|(model, rater)| self.model(model, rater))
                .collect::<Result<_>>()?,
            readers: self.readers.iter().map(|reader| self.rated(reader)).collect::<Result<_>>()?,
            joint: contrast::joint(&self.models.iter().collect::<Vec<_>>())?,
            comparisons,
            reader_contrasts,
            subgroups: params.subgroups.iter().map(subgroup).collect(),
            canaries: params.canaries.iter().map(|name| self.canary(name)).collect::<Result<_>>()?,
        })
    }

    fn model(&self, model: &Model, rater: &Rater) -> Result<ModelResult> {
        let auc = |training: &Training| Ok(stats::auc(&self.placements(&self.trainings[training.name.as_str()])?));
        let aucs = model.trainings.iter().map(auc).collect::<Result<Vec<f64>>>()?;
        let result = |(training, auc): (&Training, &f64)| TrainingResult {
            name: training.name.clone(),
            seed: training.seed.clone(),
            auc: *auc,
        };
        let trainings = model.trainings.iter().zip(&aucs).map(result).collect();
        Ok(ModelResult { trainings, spread: spread(&aucs), ..self.rated(rater)? })
    }

    fn rated(&self, rater: &Rater) -> Result<ModelResult> {
        let (auc, variance) = (stats::auc(&rater.placements), stats::delong::variance(&rater.placements));
        Ok(ModelResult {
            name: rater.name.clone(),
            levels: rater.levels.clone(),
            auc,
            se: variance.map(f64::sqrt).into(),
            ci: variance.map(|variance| limits(Interval::normal(auc, variance, self.level).clipped())).into(),
            sound: area::sound(&rater.placements, self.level),
            roc: roc_points(rater),
            operating: operating::operating(rater, self.level)?,
            naming: naming::naming(self.params, rater, self.level)?,
            one_vs_rest: area::one_vs_rest(self.params, rater, self.level)?,
            calibration: calibration::calibration(rater, self.level)?,
            mistakes: naming::mistakes(self.params, rater),
            trainings: Vec::new(),
            spread: None,
        })
    }

    fn placements(&self, applied: &Applied) -> Result<Placements> {
        Ok(Placements::of(&Scores::new(&self.reference, &applied.scores())?))
    }

    fn comparison(&self, asked: &Comparison) -> Result<ComparisonResult> {
        let cells = contrasts::cells(self.params, asked).with_context(|| format!("comparison `{}`", asked.title))?;
        let pairs = cells.iter().flat_map(|cell| contrasts::pairs(cell));
        let contrast = |(a, b): (usize, usize)| contrast::contrast(self.params, &self.models[a], &self.models[b], self.level);
        let several = cells.iter().filter(|cell| cell.len() > 2);
        let joint = several.map(|cell| contrast::joint(&cell.iter().map(|&model| &self.models[model]).collect::<Vec<_>>()));
        let joint = joint.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        Ok(ComparisonResult { asked: asked.clone(), rows: pairs.map(contrast).collect::<Result<_>>()?, joint })
    }

    fn reader_contrasts(&self) -> Result<Vec<Contrast>> {
        let mut rows = Vec::new();
        for (reader, rater) in self.params.readers.iter().zip(&self.readers) {
            for name in &reader.against {
                let model = self.models.iter().find(|model| model.name == *name);
                let model = model.with_context(|| format!("reader `{}`: there is no model `{name}`", reader.name))?;
                rows.push(contrast::contrast(self.params, rater, model, self.level)?);
            }
        }
        Ok(rows)
    }

    fn canary(&self, name: &str) -> Result<CanaryResult> {
        let area = area::of(&self.placements(&self.canaries[name])?, self.level);
        Ok(CanaryResult { name: name.to_owned(), auc: area.auc, interval: area.interval })
    }
}

fn ensure_distinct<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let twice = names.into_iter().find(|name| !seen.insert(*name));
    twice.map_or(Ok(()), |name| bail!("{what} `{name}` is listed twice"))
}

fn check_names(params: &Params) -> Result<()> {
    ensure_distinct("test exam", params.exams.iter().map(|exam| &exam.id))?;
    ensure_distinct("tuning exam", params.tuning.iter().map(|exam| &exam.id))?;
    let (models, readers) = (params.models.iter().map(|model| &model.name), params.readers.iter().map(|reader| &reader.name));
    ensure_distinct("name", models.chain(readers))
}

fn applied<'a>(
    params: &Params,
    exams: &[Exam],
    names: impl Iterator<Item = &'a String>,
    predictions: &BTreeMap<String, Predictions>,
) -> Result<ByName<'a>> {
    let one = |name: &'a String| {
        let predictions = predictions.get(name).with_context(|| format!("model `{name}` has no predictions"))?;
        Ok((name.as_str(), Applied::new(params, exams, name, predictions)?))
    };
    names.map(one).collect()
}

fn of_model<'t>(model: &Model, applied: &'t ByName<'_>) -> Vec<&'t Applied> {
    model.trainings.iter().filter_map(|training| applied.get(training.name.as_str())).collect()
}

fn limits(interval: Interval) -> [f64; 2] {
    [interval.lower, interval.upper]
}

/// A share with its exact interval.
fn rate(proportion: Result<Proportion, Undefined>, level: Level) -> Estimate<Rate> {
    let rate = |proportion: Proportion| Rate {
        hits: proportion.hits() as usize,
        of: proportion.trials() as usize,
        value: proportion.estimate(),
        ci: limits(clopper_pearson(proportion, level)),
    };
    proportion.map(rate).into()
}

/// JSON has no -∞, and the lowest score calls as many positive.
fn roc_points(rater: &Rater) -> Vec<RocPoint> {
    let lowest = rater.values.iter().copied().fold(f64::INFINITY, f64::min);
    let point = |point: &stats::Point| RocPoint {
        threshold: point.threshold.map(|threshold| threshold.max(lowest)),
        false_positive_rate: rater.roc.false_positive_rate(point),
        true_positive_rate: rater.roc.sensitivity(point),
    };
    rater.roc.points.iter().map(point).collect()
}

/// How areas scatter, where there are two at least.
fn spread(aucs: &[f64]) -> Option<Spread> {
    let count = aucs.len() as f64;
    let mean = aucs.iter().sum::<f64>() / count;
    let variance = aucs.iter().map(|auc| (auc - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (aucs.len() > 1).then(|| Spread {
        mean,
        sd: variance.sqrt(),
        lowest: aucs.iter().copied().fold(1.0, f64::min),
        highest: aucs.iter().copied().fold(0.0, f64::max),
    })
}
