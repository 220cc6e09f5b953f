//! The curves as a figure, drawn as those of the report are.

use std::path::Path;

use anyhow::{Context, Result};

use super::answer::{Answer, Part};
use super::curve::Curve;
use super::number;
use super::sample::{Ranking, Rankings};
use crate::artifact::results::RocPoint;
use crate::report::plot::{Plot, PlottedCurve};
use crate::stats::{Point, Roc};

/// Draws the curves of the whole table, or with `--by` those of its levels, into `path`, whose ending is the form.
pub(super) fn write(path: &Path, answer: &Answer, rankings: &[Rankings]) -> Result<()> {
    let plot = Plot::roc("ROC curves", &drawn(answer, rankings))?;
    let bytes = match path.extension() {
        Some(ending) if ending == "png" => plot.to_png()?,
        _ => plot.to_svg().into_bytes(),
    };
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn drawn(answer: &Answer, rankings: &[Rankings]) -> Vec<PlottedCurve> {
    let parts: Vec<_> = answer.parts().zip(rankings).collect();
    let parts = if parts.len() > 1 { &parts[1..] } else { &parts };
    let curves = parts.iter().flat_map(|(part, rankings)| {
        let curves = part.curves.iter().zip(rankings.curves());
        curves.filter_map(|(curve, (_, ranking))| Some(plotted(part, curve, ranking.as_ref().ok()?)))
    });
    curves.collect()
}

fn plotted(part: &Part, curve: &Curve, ranking: &Ranking) -> PlottedCurve {
    let roc = Roc::of(&ranking.scores);
    let point = |point: &Point| RocPoint {
        threshold: point.threshold,
        false_positive_rate: roc.false_positive_rate(point),
        true_positive_rate: roc.sensitivity(point),
    };
    PlottedCurve {
        name: part.group.iter().fold(curve.name.clone(), |name, group| format!("{name}, {group}")),
        value: legend(curve),
        points: roc.points.iter().map(point).collect(),
    }
}

/// `AUC 0.812 (0.735, 0.890)`.
fn legend(curve: &Curve) -> String {
    let interval = curve
        .shown_interval()
        .map_or_else(String::new, |[low, high]| format!(" ({}, {})", number::share(low), number::share(high)));
    curve.auc.map_or_else(String::new, |auc| format!("AUC {}{interval}", number::share(auc)))
}
