//! A forest plot: every model's area under the curve with its interval, in the order of the design.

use std::ops::Range;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes::{ABOVE_MM, Axes, Axis};
use super::canvas::{Area, COLUMN_MM, GAP_MM, Panel, THIN_MM, drawing, fitted, mm, path, stroke, text_width, write};

/// Room for names: as much as they need between these.
const LEFT_MM: [f64; 2] = [20.0, 52.0];
const ROW_MM: f64 = 5.0;
const CAP_MM: f64 = 0.8;
const DOT_MM: f64 = 0.85;
const INTERVAL_MM: f64 = 0.3;
const GUIDE: RGBColor = RGBColor(0x80, 0x80, 0x80);
const DOT: RGBColor = RGBColor(0x00, 0x72, 0xb2);

/// Name, area and interval of one model.
type Row = (String, f64, Option<[f64; 2]>);

/// Draws a row for each model: its name, its area and, where there is one, its interval.
pub(in crate::report) fn forest(models: &[Row]) -> Result<Panel> {
    let axes = axes(models);
    let description = "A row a model: a dot at its area under the ROC curve and a bar over its confidence interval.";
    Panel::draw((COLUMN_MM, axes.bottom()), "Area under the ROC curve by model", description, |area| {
        chance(area, &axes)?;
        axes.draw(area)?;
        models.iter().enumerate().try_for_each(|(row, model)| draw(area, &axes, row, model))
    })
}

fn axes(models: &[Row]) -> Axes {
    let rows = models.len() as f64;
    let x = Axis { name: "AUC", range: range(models), ticks: 6 };
    Axes { left: left(models), height: ROW_MM * rows, x, y: Axis { name: "", range: rows..0.0, ticks: 0 } }
}

fn left(models: &[Row]) -> f64 {
    let widest = models.iter().map(|(name, ..)| text_width(name)).fold(0.0, f64::max);
    (widest + 2.0 * GAP_MM).clamp(LEFT_MM[0], LEFT_MM[1])
}

/// From a tenth below everything that is shown, at most 0.4 so that chance is in sight, to 1.
fn range(models: &[Row]) -> Range<f64> {
    let lowest = models.iter().map(|(_, auc, interval)| interval.map_or(*auc, |[low, _]| low.min(*auc))).fold(0.5, f64::min);
    ((lowest * 10.0 - 0.5).floor() / 10.0).max(0.0)..1.0
}

fn chance(area: &Area, axes: &Axes) -> Result<()> {
    let (x, _) = axes.place(0.5, 0.0);
    path(area, &[(x, ABOVE_MM), (x, ABOVE_MM + axes.height)], stroke(GUIDE, THIN_MM))
}

fn draw(area: &Area, axes: &Axes, row: usize, (name, auc, interval): &Row) -> Result<()> {
    let y = row as f64 + 0.5;
    let (_, height) = axes.place(0.0, y);
    write(area, &fitted(name, axes.left - 2.0 * GAP_MM), (axes.left - GAP_MM, height), HPos::Right, VPos::Center)?;
    if let Some([low, high]) = interval {
        bar(area, axes.place(*low, y), axes.place(*high, y))?;
    }
    area.draw(&Circle::new(axes.unit(*auc, y), mm(DOT_MM), DOT.filled())).map_err(drawing)
}

fn bar(area: &Area, low: (f64, f64), high: (f64, f64)) -> Result<()> {
    path(area, &[low, high], stroke(BLACK, INTERVAL_MM))?;
    [low, high].iter().try_for_each(|(x, y)| path(area, &[(*x, y - CAP_MM), (*x, y + CAP_MM)], stroke(BLACK, INTERVAL_MM)))
}
