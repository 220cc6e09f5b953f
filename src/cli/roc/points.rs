//! Every point of every curve, for another program to draw or to cut.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::sample::{Ranking, Rankings};
use super::study::Score;
use super::tables;
use super::threshold::Threshold;
use crate::stats::{Point, Roc};

#[derive(Serialize)]
struct Row<'a> {
    group: Option<&'a str>,
    name: &'a str,
    threshold: Threshold,
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
        threshold: Threshold::of(score, point.threshold),
        sensitivity: roc.sensitivity(point),
        specificity: roc.specificity(point),
        true_positives: point.true_positives,
        false_positives: point.false_positives,
    };
    roc.points.iter().map(row).collect()
}
