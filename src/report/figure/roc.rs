//! Empirical ROC curves: steps as the data have them, square axes, the chance diagonal.

use anyhow::Result;
use plotters::prelude::*;

use super::axes::{Axes, Axis};
use super::canvas::{COLUMN_MM, Panel, Spot, THIN_MM, path, stroke};
use super::legend::{self, Entry};
use super::line::Line;
use crate::artifact::results::RocPoint;
use crate::report::number;

const LEFT_MM: f64 = 12.0;
const MOST_SPOTS: usize = 300;
const CHANCE: RGBColor = RGBColor(0x80, 0x80, 0x80);

/// One curve of a plot.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Curve<'a> {
    /// How it is drawn.
    pub(in crate::report) line: Line,
    /// Whose it is.
    pub(in crate::report) name: String,
    /// What the legend says beside the name.
    pub(in crate::report) value: String,
    /// Its points by increasing false positive rate.
    pub(in crate::report) points: &'a [RocPoint],
}

/// Draws the curves with a legend and, below it, `remarks`.
pub(in crate::report) fn roc(title: &str, curves: &[Curve], remarks: &[String]) -> Result<Panel> {
    let entries: Vec<Entry> = curves.iter().map(entry).collect();
    let axes = axes();
    let size = (COLUMN_MM, axes.bottom() + legend::height(&entries, remarks));
    Panel::draw(size, title, description(curves, remarks), |area| {
        path(area, &[axes.place(0.0, 0.0), axes.place(1.0, 1.0)], stroke(CHANCE, THIN_MM))?;
        axes.draw(area)?;
        for curve in curves {
            let corner = |point: &RocPoint| axes.unit(point.false_positive_rate, point.true_positive_rate);
            let mut corners: Vec<_> = curve.points.iter().map(corner).collect();
            // A million subjects have fewer places on the sheet than points.
            corners.dedup();
            curve.line.draw(area, corners)?;
        }
        legend::draw(area, &entries, remarks, axes.bottom())
    })
    .map(|panel| panel.with_spots(curves.iter().flat_map(|curve| spots(curve, &axes)).collect()))
}

/// What each point of a curve says; nothing for curves of so many points that nobody could aim at one.
fn spots(curve: &Curve, axes: &Axes) -> Vec<Spot> {
    let told = |point: &RocPoint| {
        let (sensitivity, specificity) = (point.true_positive_rate, 1.0 - point.false_positive_rate);
        let threshold = point.threshold.map(|threshold| format!(" at scores from {threshold:.3}")).unwrap_or_default();
        let text = format!(
            "{}: sensitivity {}, specificity {}{threshold}",
            curve.name,
            number::area(sensitivity),
            number::area(specificity)
        );
        Spot { at: axes.place(point.false_positive_rate, point.true_positive_rate), text }
    };
    if curve.points.len() > MOST_SPOTS { Vec::new() } else { curve.points.iter().map(told).collect() }
}

fn axes() -> Axes {
    let rate = |name| Axis { name, range: 0.0..1.0, ticks: 6 };
    Axes { left: LEFT_MM, height: Axes::width(LEFT_MM), x: rate("1 \u{2212} specificity"), y: rate("Sensitivity") }
}

fn entry(curve: &Curve) -> Entry {
    Entry { line: curve.line, name: curve.name.clone(), value: curve.value.clone() }
}

fn description(curves: &[Curve], remarks: &[String]) -> String {
    let curves = curves.iter().map(|curve| format!(" {}: {}.", curve.name, curve.value));
    let remarks = remarks.iter().map(|remark| format!(" {remark}."));
    let said: String = curves.chain(remarks).collect();
    format!("Sensitivity over 1 minus specificity: a step curve a model and the diagonal of chance.{said}")
}
