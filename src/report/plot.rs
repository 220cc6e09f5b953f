//! ROC curves drawn as in a report, for scores that have none.

use anyhow::Result;

use super::figure::{self, Curve, Line, Panel, of_position};
use crate::artifact::results::RocPoint;

/// A drawing as a file of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot(Panel);

/// One curve of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct PlottedCurve {
    /// Whose it is.
    pub name: String,
    /// What the legend says beside the name.
    pub value: String,
    /// Its points by increasing false positive rate.
    pub points: Vec<RocPoint>,
}

impl Plot {
    /// ROC curves over square axes, a legend below.
    ///
    /// # Errors
    /// When the drawing library fails.
    pub fn roc(title: &str, curves: &[PlottedCurve]) -> Result<Self> {
        let curves: Vec<Curve> =
            curves.iter().enumerate().map(|(position, curve)| curve.drawn(of_position(position))).collect();
        figure::roc(title, &curves, &[]).map(Self)
    }

    /// The drawing as an SVG file.
    pub fn to_svg(&self) -> String {
        self.0.to_svg_file("roc")
    }

    /// The drawing as a PNG file of 600 dpi.
    ///
    /// # Errors
    /// When it is too large for memory.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.0.to_png()
    }
}

impl PlottedCurve {
    fn drawn(&self, line: Line) -> Curve<'_> {
        Curve { line, name: self.name.clone(), value: self.value.clone(), points: &self.points }
    }
}
