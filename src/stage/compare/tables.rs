//! The numbers behind the results as tables for R and Python: `scores.csv` goes into pROC as it is.

use std::path::Path;

use anyhow::{Context, Result};

use super::applied::Applied;
use super::{Params, Study};
use crate::stats::Roc;

/// `scores.csv`: a row an exam with `exam,class,reference` (1 for a case), a column a model and a column a reader; where a model is the
/// mean of several trainings, a column for each of them as well.
pub(super) fn write_scores(params: &Params, study: &Study<'_>, folder: &Path) -> Result<()> {
    let several = params.models.iter().filter(|model| model.trainings.len() > 1).flat_map(|model| &model.trainings);
    let single = several.map(|training| (training.name.clone(), study.trainings[training.name.as_str()].scores()));
    let raters = study.raters().map(|rater| (rater.name.clone(), rater.values.clone()));
    let columns: Vec<(String, Vec<f64>)> = raters.chain(single).collect();
    let rows = params.exams.iter().enumerate().map(|(index, exam)| {
        let facts = [exam.id.clone(), exam.class.clone(), u8::from(params.is_positive(exam)).to_string()];
        facts.into_iter().chain(columns.iter().map(|(_, scores)| scores[index].to_string())).collect()
    });
    write(&folder.join("scores.csv"), &header(["exam", "class", "reference"], columns.iter().map(|(name, _)| name)), rows)
}

/// `slices.csv`: a row a slice with `exam,slice,class` and a column a training.
pub(super) fn write_slices(params: &Params, study: &Study<'_>, folder: &Path) -> Result<()> {
    let trainings = params.models.iter().flat_map(|model| &model.trainings);
    let applied: Vec<&Applied> = trainings.map(|training| &study.trainings[training.name.as_str()]).collect();
    let slices = |exam: usize| applied.first().map_or(&[][..], |training| &training.exams[exam].slices);
    let rows = params.exams.iter().enumerate().flat_map(|(index, exam)| {
        let applied = &applied;
        slices(index).iter().enumerate().map(move |(position, slice)| {
            let facts = [exam.id.clone(), slice.to_string(), exam.class.clone()];
            let scores = applied.iter().map(|training| training.exams[index].slice_scores[position].to_string());
            facts.into_iter().chain(scores).collect()
        })
    });
    write(&folder.join("slices.csv"), &header(["exam", "slice", "class"], applied.iter().map(|training| &training.name)), rows)
}

/// `roc/<model>.csv`: a row a point, from nothing called positive (threshold `Inf`) to everything (`-Inf`).
pub(super) fn write_roc(model: &str, roc: &Roc, folder: &Path) -> Result<()> {
    let columns = ["threshold", "false_positive_rate", "true_positive_rate", "false_positives", "true_positives"];
    let rows = roc.points.iter().map(|point| {
        vec![
            threshold(point.threshold),
            roc.false_positive_rate(point).to_string(),
            roc.sensitivity(point).to_string(),
            point.false_positives.to_string(),
            point.true_positives.to_string(),
        ]
    });
    write(&folder.join(format!("{model}.csv")), &columns.map(String::from), rows)
}

/// R reads `Inf` and not `inf`.
fn threshold(threshold: Option<f64>) -> String {
    match threshold {
        None => "Inf".to_owned(),
        Some(f64::NEG_INFINITY) => "-Inf".to_owned(),
        Some(value) => value.to_string(),
    }
}

fn header<'a>(facts: [&str; 3], names: impl Iterator<Item = &'a String>) -> Vec<String> {
    facts.map(String::from).into_iter().chain(names.cloned()).collect()
}

fn write(path: &Path, header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut writer = csv::Writer::from_path(path).with_context(place)?;
    writer.write_record(header).with_context(place)?;
    for row in rows {
        writer.write_record(row).with_context(place)?;
    }
    writer.flush().with_context(place)
}
