//! Reliability curves: observed share of positive exams over the mean score, a dot a bin, the diagonal of perfect calibration.

use anyhow::Result;
use plotters::prelude::*;

use super::axes::{Axes, Axis};
use super::canvas::{COLUMN_MM, Panel, THIN_MM, drawing, mm, path, stroke};
use super::legend::{self, Entry};
use super::line::Line;
use crate::artifact::results::ReliabilityBin;

const LEFT_MM: f64 = 12.0;
const DIAGONAL: RGBColor = RGBColor(0x80, 0x80, 0x80);
const INTERVAL: RGBColor = RGBColor(0x60, 0x60, 0x60);
/// Area of the dot of a bin that holds all exams, as a radius.
const LARGEST_MM: f64 = 2.4;
const LEAST_MM: f64 = 0.5;

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Reliability<'a> {
    /// How its curve is drawn.
    pub(in crate::report) line: Line,
    /// Whose it is.
    pub(in crate::report) name: String,
    /// What the legend says beside the name.
    pub(in crate::report) value: String,
    /// Its bins by rising score.
    pub(in crate::report) bins: &'a [ReliabilityBin],
}

/// Draws one curve with the interval of each bin; dots grow with the number of exams.
pub(in crate::report) fn reliability(curve: &Reliability) -> Result<Panel> {
    let entries = [Entry { line: curve.line, name: curve.name.clone(), value: curve.value.clone() }];
    let axis = |name| Axis { name, range: 0.0..1.0, ticks: 6 };
    let axes = Axes { left: LEFT_MM, height: Axes::width(LEFT_MM), x: axis("Mean score"), y: axis("Share of positive exams") };
    let size = (COLUMN_MM, axes.bottom() + legend::height(&entries, &[]));
    let title = format!("Calibration of {}", curve.name);
    let total: usize = curve.bins.iter().map(|bin| bin.exams).sum();
    Panel::draw(size, title, description(curve), |area| {
        path(area, &[axes.place(0.0, 0.0), axes.place(1.0, 1.0)], stroke(DIAGONAL, THIN_MM))?;
        axes.draw(area)?;
        for bin in curve.bins {
            let [low, high] = bin.ci.map(|limit| axes.place(bin.predicted, limit));
            path(area, &[low, high], stroke(INTERVAL, THIN_MM))?;
        }
        curve.line.draw(area, curve.bins.iter().map(|bin| axes.unit(bin.predicted, bin.observed)).collect())?;
        for bin in curve.bins {
            let radius = LEAST_MM.max(LARGEST_MM * (bin.exams as f64 / total.max(1) as f64).sqrt());
            let dot = Circle::new(axes.unit(bin.predicted, bin.observed), mm(radius), curve.line.color().filled());
            area.draw(&dot).map_err(drawing)?;
        }
        legend::draw(area, &entries, &[], axes.bottom())
    })
}

fn description(curve: &Reliability) -> String {
    let bins = curve.bins.iter().map(|bin| format!(" {:.2}: {:.2} of {}.", bin.predicted, bin.observed, bin.exams));
    format!(
        "Share of positive exams over the mean score of each bin, and the diagonal of perfect calibration.{}",
        bins.collect::<String>()
    )
}
