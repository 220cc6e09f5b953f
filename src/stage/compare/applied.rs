//! A trained model on exams: its predictions checked and brought into the order of the exams.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::{Exam, Params, aggregate};
use crate::artifact::{Prediction, Predictions};

/// One trained model on the test or on the tuning exams.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) name: String,
    /// An entry an exam, in the order of the parameters.
    pub(super) exams: Vec<AppliedExam>,
}

/// What one model says of one exam.
#[derive(Debug)]
pub(super) struct AppliedExam {
    /// Positions of the slices, ascending.
    pub(super) slices: Vec<usize>,
    /// Summed probability of the positive classes, one a slice.
    pub(super) slice_scores: Vec<f64>,
    /// The exam's score.
    pub(super) score: f64,
    /// Probability of each class, averaged over the slices.
    pub(super) probabilities: Vec<f64>,
}

type Slices<'a> = BTreeMap<usize, &'a [f64]>;

impl Applied {
    /// Checks that `predictions` cover the `exams`, each slice once, with probabilities.
    pub(super) fn new(params: &Params, exams: &[Exam], name: &str, predictions: &Predictions) -> Result<Self> {
        let applied = gather(params, exams, predictions)
            .and_then(|by_exam| exams.iter().map(|exam| apply(params, &exam.id, &by_exam[exam.id.as_str()])).collect());
        Ok(Self { name: name.to_owned(), exams: applied.with_context(|| format!("predictions of model `{name}`"))? })
    }

    pub(super) fn scores(&self) -> Vec<f64> {
        self.exams.iter().map(|exam| exam.score).collect()
    }

    /// Refuses a pairing over different slices.
    pub(super) fn ensure_same_slices(&self, other: &Self, params: &Params) -> Result<()> {
        for ((exam, a), b) in params.exams.iter().zip(&self.exams).zip(&other.exams) {
            let (one, two) = (&self.name, &other.name);
            ensure!(
                a.slices == b.slices,
                "exam `{}`: model `{one}` has slices {:?} and model `{two}` {:?}; both must see the same",
                exam.id,
                a.slices,
                b.slices
            );
        }
        Ok(())
    }
}

fn gather<'a>(params: &Params, exams: &'a [Exam], predictions: &'a Predictions) -> Result<BTreeMap<&'a str, Slices<'a>>> {
    let (got, want) = (predictions.classes.join(", "), params.classes.join(", "));
    ensure!(predictions.classes == params.classes, "the classes are {got}, those of the experiment {want}");
    let mut by_exam: BTreeMap<&str, (&str, Slices<'_>)> =
        exams.iter().map(|exam| (exam.id.as_str(), (exam.class.as_str(), Slices::new()))).collect();
    for row in &predictions.rows {
        let Some((class, slices)) = by_exam.get_mut(row.exam.as_str()) else {
            bail!("exam `{}` is not one of those to judge", row.exam);
        };
        ensure!(row.class == *class, "exam `{}` is `{}`, but its reference standard is `{class}`", row.exam, row.class);
        check(params, row)?;
        let before = slices.insert(row.slice, &row.probabilities);
        ensure!(before.is_none(), "exam `{}` has slice {} twice", row.exam, row.slice);
    }
    Ok(by_exam.into_iter().map(|(exam, (_, slices))| (exam, slices)).collect())
}

fn check(params: &Params, row: &Prediction) -> Result<()> {
    let Prediction { exam, slice, probabilities, .. } = row;
    let (got, want) = (probabilities.len(), params.classes.len());
    ensure!(got == want, "exam `{exam}`, slice {slice}: {got} probabilities for {want} classes");
    for (class, p) in params.classes.iter().zip(probabilities) {
        // A NaN is in no range.
        ensure!((0.0..=1.0).contains(p), "exam `{exam}`, slice {slice}: the probability of `{class}` is {p}, not in [0, 1]");
    }
    Ok(())
}

fn apply(params: &Params, exam: &str, slices: &Slices<'_>) -> Result<AppliedExam> {
    ensure!(!slices.is_empty(), "exam `{exam}` has no prediction; every exam needs one");
    let probabilities: Vec<&[f64]> = slices.values().copied().collect();
    let slice_scores: Vec<f64> = probabilities.iter().map(|slice| positive(params, slice)).collect();
    Ok(AppliedExam {
        slices: slices.keys().copied().collect(),
        score: params.aggregate.score(&slice_scores),
        probabilities: aggregate::mean_probabilities(&probabilities),
        slice_scores,
    })
}

/// Softmax in single precision can sum to a little over 1; the noisy-or of that would change sign.
fn positive(params: &Params, probabilities: &[f64]) -> f64 {
    let classes = params.classes.iter().zip(probabilities);
    let sum: f64 = classes.filter(|(class, _)| params.positive.contains(class)).map(|(_, p)| p).sum();
    sum.min(1.0)
}
