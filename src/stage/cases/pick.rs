//! Which exams are picked, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};

use super::Params;
use crate::artifact::{Predictions, Why};
use crate::stage::compare::{mean_probabilities, most_probable};

/// What the model says of one exam.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged<'a> {
    pub(super) id: &'a str,
    pub(super) class: &'a str,
    pub(super) named: &'a str,
    /// Of the class named, averaged over the slices.
    pub(super) probability: f64,
    /// Summed probability of the positive classes, by slice.
    pub(super) slices: BTreeMap<usize, f64>,
}

impl Judged<'_> {
    /// The slice of the largest score, of equals the lowest.
    pub(super) fn most_suspicious(&self) -> usize {
        let best = self.slices.iter().reduce(|best, slice| if slice.1 > best.1 { slice } else { best });
        best.map_or(0, |(slice, _)| *slice)
    }
}

/// An exam that is picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Picked<'a> {
    pub(super) exam: &'a Judged<'a>,
    pub(super) why: Why,
}

/// Every exam with the class that it is named, in the order of the predictions.
pub(super) fn judge<'a>(params: &Params, predictions: &'a Predictions) -> Result<Vec<Judged<'a>>> {
    let unknown = params.positive.iter().find(|class| !predictions.classes.contains(class));
    ensure!(unknown.is_none(), "the model knows no class `{}`", unknown.map_or("", String::as_str));
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut exams: Vec<(&str, Vec<usize>)> = vec![];
    for (at, row) in predictions.rows.iter().enumerate() {
        let place = *places.entry(&row.exam).or_insert(exams.len());
        if place == exams.len() {
            exams.push((&row.exam, vec![]));
        }
        exams[place].1.push(at);
    }
    Ok(exams.into_iter().map(|(exam, rows)| judged(params, predictions, exam, &rows)).collect())
}

fn judged<'a>(params: &Params, predictions: &'a Predictions, id: &'a str, rows: &[usize]) -> Judged<'a> {
    let probabilities: Vec<&[f64]> = rows.iter().map(|&row| predictions.rows[row].probabilities.as_slice()).collect();
    let mean = mean_probabilities(&probabilities);
    let named = most_probable(&mean, |_| true);
    let score = |slice: &[f64]| {
        let classes = predictions.classes.iter().zip(slice);
        classes.filter(|(class, _)| params.positive.contains(class)).map(|(_, p)| p).sum()
    };
    Judged {
        id,
        class: &predictions.rows[rows[0]].class,
        named: &predictions.classes[named],
        probability: mean[named],
        slices: rows.iter().map(|&row| (predictions.rows[row].slice, score(&predictions.rows[row].probabilities))).collect(),
    }
}

/// The exams asked for, then the confident, then the wrong; none twice.
pub(super) fn pick<'a>(params: &Params, judged: &'a [Judged<'a>]) -> Result<Vec<Picked<'a>>> {
    let asked = params.exams.iter().map(|name| {
        let exam = judged.iter().find(|exam| exam.id == name);
        let exam = exam.with_context(|| format!("exam `{name}` is to be explained, but it is no test exam"))?;
        Ok(Picked { exam, why: Why::Asked })
    });
    let mut picked = asked.collect::<Result<Vec<_>>>()?;
    for class in &params.positive {
        picked.extend(surest(judged, params.confident, Why::Confident, |exam| exam.class == class && exam.named == class));
    }
    picked.extend(surest(judged, params.wrong, Why::Wrong, |exam| exam.class != exam.named));
    let mut seen = BTreeSet::new();
    picked.retain(|picked| seen.insert(picked.exam.id));
    Ok(picked)
}

/// The first `count` by falling probability of the class named; of equals in the order of the exams.
fn surest<'a>(
    judged: &'a [Judged<'a>],
    count: usize,
    why: Why,
    is_meant: impl Fn(&Judged<'_>) -> bool,
) -> impl Iterator<Item = Picked<'a>> {
    let mut exams: Vec<&Judged<'_>> = judged.iter().filter(|exam| is_meant(exam)).collect();
    // Probabilities are not negative, so their bits are in their order.
    exams.sort_by_key(|exam| Reverse(exam.probability.to_bits()));
    exams.into_iter().take(count).map(move |exam| Picked { exam, why })
}
