//! Whoever scores the test exams: a model, its scores averaged over its seeds, or a reader. One sort of the scores serves all that
//! is made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::aggregate::most_probable;
use super::applied::Applied;
use super::operating::Threshold;
use super::{Exam, Model, Params, Reader};
use crate::stats::{Placements, Reference, Roc, Scores};

/// A model or a reader on the test exams, an entry an exam in the order of the parameters.
#[derive(Debug)]
pub(super) struct Rater {
    pub(super) name: String,
    pub(super) levels: BTreeMap<String, String>,
    pub(super) values: Vec<f64>,
    pub(super) scores: Scores,
    pub(super) roc: Roc,
    pub(super) placements: Placements,
    pub(super) threshold: Option<Threshold>,
    /// The class named for each exam, an index into the classes.
    pub(super) named: Option<Vec<usize>>,
    /// The class that an exam would have if it is positive, an index into the classes.
    pub(super) side: Option<Vec<usize>>,
    /// Probability of each class; of models only.
    pub(super) probabilities: Option<Vec<Vec<f64>>>,
}

impl Rater {
    /// The mean of the `trainings` of a model on the test exams, with its threshold from the mean on the `tuning` exams.
    pub(super) fn of_model(
        params: &Params,
        reference: &Arc<Reference>,
        model: &Model,
        trainings: &[&Applied],
        tuning: &[&Applied],
    ) -> Result<Self> {
        let place = || format!("model `{}`", model.name);
        ensure!(!trainings.is_empty(), "{}: there is no training of it", place());
        let tuning_reference = self::reference(params, &params.tuning).context("the tuning exams")?;
        let tuning_values = mean_scores(tuning);
        let tuning = Roc::of(&Scores::new(&tuning_reference, &tuning_values).with_context(place)?);
        let probabilities = mean_probabilities(trainings);
        let of_positive = |exam: &Vec<f64>| most_probable(exam, |class| params.positive.contains(&params.classes[class]));
        Ok(Self {
            levels: model.levels.clone(),
            threshold: Some(Threshold::chosen(params.operating_point, &tuning).with_context(place)?),
            named: Some(probabilities.iter().map(|exam| most_probable(exam, |_| true)).collect()),
            side: Some(probabilities.iter().map(of_positive).collect()),
            probabilities: Some(probabilities),
            ..Self::of_scores(&model.name, reference, mean_scores(trainings)).with_context(place)?
        })
    }

    /// A reader, who calls positive from the threshold on that the spec gives.
    pub(super) fn of_reader(params: &Params, reference: &Arc<Reference>, reader: &Reader) -> Result<Self> {
        let place = || format!("reader `{}`", reader.name);
        let class = |name: &String| {
            let found = params.classes.iter().position(|class| class == name);
            found.with_context(|| format!("{}: `{name}` is no class", place()))
        };
        let named = reader.named.as_ref().map(|named| named.iter().map(class).collect::<Result<Vec<_>>>()).transpose()?;
        ensure!(named.as_ref().is_none_or(|named| named.len() == params.exams.len()), "{}: not one class an exam", place());
        Ok(Self {
            threshold: reader.threshold.map(|value| Threshold { value: Some(value), tuning: None }),
            side: named.clone(),
            named,
            ..Self::of_scores(&reader.name, reference, reader.scores.clone()).with_context(place)?
        })
    }

    fn of_scores(name: &str, reference: &Arc<Reference>, values: Vec<f64>) -> Result<Self> {
        let scores = Scores::new(reference, &values)?;
        Ok(Self {
            name: name.to_owned(),
            levels: BTreeMap::new(),
            roc: Roc::of(&scores),
            placements: Placements::of(&scores),
            scores,
            values,
            threshold: None,
            named: None,
            side: None,
            probabilities: None,
        })
    }

    /// Who is called positive at the operating point, where there is one.
    pub(super) fn called(&self) -> Option<Vec<bool>> {
        self.threshold.map(|threshold| threshold.called(&self.values))
    }
}

/// Who of `exams` is a case.
pub(super) fn reference(params: &Params, exams: &[Exam]) -> Result<Arc<Reference>> {
    Ok(Arc::new(Reference::new(exams.iter().map(|exam| params.is_positive(exam)).collect())?))
}

fn mean_scores(trainings: &[&Applied]) -> Vec<f64> {
    let exams = trainings.first().map_or(0, |training| training.exams.len());
    (0..exams).map(|exam| mean(trainings.iter().map(|training| training.exams[exam].score))).collect()
}

fn mean_probabilities(trainings: &[&Applied]) -> Vec<Vec<f64>> {
    let of = |exam: usize| {
        let classes = trainings[0].exams[exam].probabilities.len();
        (0..classes).map(|class| mean(trainings.iter().map(|training| training.exams[exam].probabilities[class]))).collect()
    };
    (0..trainings[0].exams.len()).map(of).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
