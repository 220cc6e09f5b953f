//! Every point of every curve, for another program to draw or to cut.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::sample::{Ranking, Rankings};
use super::study::Score;
use super::tables;
use crate::stats::{Point, Roc};

#[derive(Serialize)]
struct Row<'a> {
    group: Option<&'a str>,
    name: &'a str,
    /// In the units of the table: a subject is positive from here on, in the direction of the score. `Inf` or `-Inf` where nobody
    /// or everybody is.
    threshold: String,
    sensitivity: f64,
    specificity: f64,
    true_positives: usize,
    false_positives: usize,
}

/// Writes the points of all curves, of each from nothing called positive to everything.
pub(super) fn write(path: &Path, rankings: &[Rankings]) -> Result<()> {
    let curves = rankings.iter().flat_map(|part| {
        let group = part.study().level.as_deref();
        part.curves().filter_map(move |(score, ranking)| ranking.as_ref().ok().map(|ranking| (group, score, ranking)))
    });
    tables::table(path, curves.flat_map(|(group, score, ranking)| rows(group, score, ranking)))
}

fn rows<'a>(group: Option<&'a str>, score: &'a Score, ranking: &Ranking) -> Vec<Row<'a>> {
    let roc = Roc::of(&ranking.scores);
    let row = |point: &Point| Row {
        group,
        name: &score.name,
        threshold: threshold(score, point),
        sensitivity: roc.sensitivity(point),
        specificity: roc.specificity(point),
        true_positives: point.true_positives,
        false_positives: point.false_positives,
    };
    roc.points.iter().map(row).collect()
}

/// As R and pandas read it.
fn threshold(score: &Score, point: &Point) -> String {
    match score.in_table_units(point.threshold.unwrap_or(f64::INFINITY)) {
        f64::INFINITY => "Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        finite => finite.to_string(),
    }
}
