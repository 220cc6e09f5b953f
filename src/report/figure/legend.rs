//! Legends stand below the axes, where no curve can run through them.

use anyhow::Result;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, COLUMN_MM, GAP_MM, LINE_MM, fitted, mm, text_width, write};
use super::line::Line;

/// Length of the piece of line that is shown.
const SAMPLE_MM: f64 = 9.0;
const TEXT_MM: f64 = COLUMN_MM - SAMPLE_MM - 3.0 * GAP_MM;

/// One curve: how it is drawn, its name, and what is to say about it (may be empty).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) line: Line,
    pub(super) name: String,
    pub(super) value: String,
}

/// Height that the entries and the closing remarks take.
pub(super) fn height(entries: &[Entry], remarks: &[String]) -> f64 {
    let lines: usize = entries.iter().map(lines).sum::<usize>() + remarks.len();
    lines as f64 * LINE_MM + GAP_MM
}

/// Draws the entries and below them the remarks, from `top` millimetres downwards.
pub(super) fn draw(area: &Area, entries: &[Entry], remarks: &[String], top: f64) -> Result<()> {
    let mut y = top + LINE_MM / 2.0;
    for entry in entries {
        draw_entry(area, entry, y)?;
        y += lines(entry) as f64 * LINE_MM;
    }
    for remark in remarks {
        write(area, &fitted(remark, TEXT_MM), (text_x(), y), HPos::Left, VPos::Center)?;
        y += LINE_MM;
    }
    Ok(())
}

fn draw_entry(area: &Area, entry: &Entry, y: f64) -> Result<()> {
    let sample = [GAP_MM, GAP_MM + SAMPLE_MM].map(|x| (mm(x), mm(y)));
    entry.line.draw(area, sample.to_vec())?;
    write(area, &fitted(&entry.name, TEXT_MM), (text_x(), y), HPos::Left, VPos::Center)?;
    let below = (lines(entry) - 1) as f64 * LINE_MM;
    write(area, &fitted(&entry.value, TEXT_MM), (COLUMN_MM - GAP_MM, y + below), HPos::Right, VPos::Center)
}

/// Two where name and value do not fit side by side.
fn lines(entry: &Entry) -> usize {
    let width = text_width(&entry.name) + 2.0 * GAP_MM + text_width(&entry.value);
    if entry.value.is_empty() || width <= TEXT_MM { 1 } else { 2 }
}

fn text_x() -> f64 {
    SAMPLE_MM + 2.0 * GAP_MM
}
