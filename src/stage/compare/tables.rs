//! The numbers behind the results as tables for R and Python: `scores.csv` goes into pROC as it is.

use std::path::Path;

use anyhow::{Context, Result};

use super::Params;
use super::applied::Applied;
use crate::stats::Roc;

/// `scores.csv`: a row an exam with `exam,class,reference` (1 for a case) and a column a model.
pub(super) fn write_scores(params: &Params, applied: &[Applied<'_>], folder: &Path) -> Result<()> {
    let rows = params.exams.iter().enumerate().map(|(index, exam)| {
        let facts = [exam.id.clone(), exam.class.clone(), u8::from(params.is_positive(exam)).to_string()];
        let scores = applied.iter().map(move |model| model.exams[index].score.to_string());
        facts.into_iter().chain(scores).collect()
    });
    write(&folder.join("scores.csv"), &header(["exam", "class", "reference"], applied), rows)
}

/// `slices.csv`: a row a slice with `exam,slice,class` and a column a model.
pub(super) fn write_slices(params: &Params, applied: &[Applied<'_>], folder: &Path) -> Result<()> {
    let slices = |exam: usize| applied.first().map_or(&[][..], |model| &model.exams[exam].slices);
    let rows = params.exams.iter().enumerate().flat_map(|(index, exam)| {
        slices(index).iter().enumerate().map(move |(position, slice)| {
            let facts = [exam.id.clone(), slice.to_string(), exam.class.clone()];
            let scores = applied.iter().map(move |model| model.exams[index].slice_scores[position].to_string());
            facts.into_iter().chain(scores).collect()
        })
    });
    write(&folder.join("slices.csv"), &header(["exam", "slice", "class"], applied), rows)
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

fn header(facts: [&str; 3], applied: &[Applied<'_>]) -> Vec<String> {
    facts.map(String::from).into_iter().chain(applied.iter().map(|applied| applied.model.name.clone())).collect()
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
