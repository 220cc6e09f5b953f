//! The design as a tree: a column a factor, a leaf a model.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, COLUMN_MM, GAP_MM, Panel, THIN_MM, fitted, outline, path, stroke, text_width, write};

const ROW_MM: f64 = 6.5;
const BOX_MM: f64 = 4.8;
const HEAD_MM: f64 = 6.5;
const BETWEEN_MM: f64 = 4.0;
/// The tallest figure that journals print.
const MAX_HEIGHT_MM: f64 = 234.0;
/// The widest box: four of them fill a page.
const MAX_BOX_MM: f64 = 40.0;

/// Draws the tree of `leaves` (the levels of each model, in the order of `factors`); `None` where it would be too large to read.
pub(in crate::report) fn tree(root: &str, factors: &[&str], leaves: &[Vec<&str>]) -> Result<Option<Panel>> {
    let height = HEAD_MM + ROW_MM * leaves.len() as f64;
    if height > MAX_HEIGHT_MM || factors.is_empty() {
        return Ok(None);
    }
    let sheet = Sheet::of(root, factors, leaves);
    let description = format!("{root}, divided by {}.", factors.join(", then by "));
    let panel = Panel::draw((sheet.right(), height), "Design of the experiment", description, |area| {
        for (column, factor) in factors.iter().enumerate() {
            let width = sheet.widths[column + 1];
            let at = (sheet.left(column + 1) + width / 2.0, HEAD_MM / 2.0);
            write(area, &fitted(factor, width), at, HPos::Center, VPos::Center)?;
        }
        sheet.node(area, 0, root, 0, leaves)
    });
    panel.map(Some)
}

struct Sheet {
    /// Of the boxes of each column.
    widths: Vec<f64>,
}

impl Sheet {
    /// As wide as the words ask for, and at least as a column of the journal.
    fn of(root: &str, factors: &[&str], leaves: &[Vec<&str>]) -> Self {
        let column = |at: usize| leaves.iter().filter_map(move |leaf| leaf.get(at).copied()).chain([factors[at]]);
        let widest = |words: &mut dyn Iterator<Item = &str>| {
            let text = words.map(text_width).fold(0.0, f64::max);
            (text + 2.0 * GAP_MM).min(MAX_BOX_MM)
        };
        let levels = (0..factors.len()).map(|at| widest(&mut column(at)));
        let mut widths: Vec<f64> = [widest(&mut [root].into_iter())].into_iter().chain(levels).collect();
        let boxes = COLUMN_MM - 2.0 * THIN_MM - BETWEEN_MM * factors.len() as f64;
        let spare = (boxes - widths.iter().sum::<f64>()).max(0.0) / widths.len() as f64;
        widths.iter_mut().for_each(|width| *width += spare);
        Self { widths }
    }

    fn left(&self, column: usize) -> f64 {
        THIN_MM + self.widths[..column].iter().map(|width| width + BETWEEN_MM).sum::<f64>()
    }

    fn right(&self) -> f64 {
        self.left(self.widths.len()) - BETWEEN_MM + THIN_MM
    }

    /// Height of the node that `leaves` hang from, the first of them being number `first`.
    fn middle(first: usize, leaves: &[Vec<&str>]) -> f64 {
        HEAD_MM + ROW_MM * (first as f64 + leaves.len() as f64 / 2.0)
    }

    /// Draws a node and all below it. Models come with the first factor slowest, so those of a branch lie side by side.
    fn node(&self, area: &Area, column: usize, text: &str, first: usize, leaves: &[Vec<&str>]) -> Result<()> {
        let y = Self::middle(first, leaves);
        self.label(area, column, text, y)?;
        if column + 1 == self.widths.len() {
            return Ok(());
        }
        let mut next = first;
        for branch in leaves.chunk_by(|a, b| a.get(column) == b.get(column)) {
            self.connect(area, column, y, Self::middle(next, branch))?;
            let level = branch[0].get(column).copied().unwrap_or_default();
            self.node(area, column + 1, level, next, branch)?;
            next += branch.len();
        }
        Ok(())
    }

    fn label(&self, area: &Area, column: usize, text: &str, y: f64) -> Result<()> {
        let (left, right) = (self.left(column), self.left(column) + self.widths[column]);
        let (top, bottom) = (y - BOX_MM / 2.0, y + BOX_MM / 2.0);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        outline(area, corners, stroke(BLACK, THIN_MM))?;
        let text = fitted(text, self.widths[column] - GAP_MM);
        write(area, &text, ((left + right) / 2.0, y), HPos::Center, VPos::Center)
    }

    fn connect(&self, area: &Area, column: usize, from: f64, to: f64) -> Result<()> {
        let start = self.left(column) + self.widths[column];
        let bend = start + BETWEEN_MM / 2.0;
        let places = [(start, from), (bend, from), (bend, to), (start + BETWEEN_MM, to)];
        path(area, &places, stroke(BLACK, THIN_MM))
    }
}
