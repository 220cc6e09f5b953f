//! How curves are told apart: one factor by hue, one by dashes, the rest by width, so that a grey print still reads.

use std::collections::BTreeMap;

use anyhow::Result;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::canvas::{drawing, mm, stroke};
use crate::artifact::results::{Factor, ModelResult, Results};

/// Okabe and Ito's colours for all kinds of colour vision (2008), without yellow, which white paper swallows; dark and light
/// alternate so that neighbours differ in grey.
const HUES: [RGBColor; 7] = [
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
];
/// Blue and vermilion of the same set.
const PAIR: [RGBColor; 2] = [RGBColor(0x00, 0x72, 0xb2), RGBColor(0xd5, 0x5e, 0x00)];
/// Lengths of dash and gap, millimetres.
const DASHES: [Option<(f64, f64)>; 4] = [None, Some((1.6, 0.9)), Some((0.5, 0.6)), Some((3.2, 0.9))];
/// Millimetres; journals ask for at least 0.1.
const WIDTHS: [f64; 3] = [0.25, 0.55, 0.9];
const PAIR_WIDTH: f64 = 0.5;

/// How one curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Line {
    color: RGBColor,
    dash: Option<(f64, f64)>,
    width: f64,
}

impl Line {
    /// Its colour.
    pub(super) fn color(&self) -> RGBColor {
        self.color
    }

    /// Draws through `points` of the sheet.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, plotters::coord::Shift>,
        points: Vec<(i32, i32)>,
    ) -> Result<()> {
        let style = stroke(self.color, self.width);
        match self.dash {
            None => area.draw(&PathElement::new(points, style)).map_err(drawing),
            Some((dash, gap)) => area.draw(&DashedPathElement::new(points, mm(dash), mm(gap), style)).map_err(drawing),
        }
    }
}

/// The lines of a contrast: both factors of sight at once.
pub(in crate::report) fn of_pair() -> [Line; 2] {
    [0, 1].map(|position| Line { color: PAIR[position], dash: DASHES[position], width: PAIR_WIDTH })
}

/// The line of every model by its name.
pub(in crate::report) fn of_design(results: &Results) -> BTreeMap<&str, Line> {
    let varying: Vec<&Factor> = results.factors.iter().filter(|factor| factor.levels.len() > 1).collect();
    let line = |(position, model): (usize, &ModelResult)| by_factors(&varying, model).unwrap_or_else(|| of_position(position));
    results.models.iter().enumerate().map(|place| (place.1.name.as_str(), line(place))).collect()
}

/// Last factor by dashes, the one before by hue, the one before that by width; `None` where the design is larger.
fn by_factors(varying: &[&Factor], model: &ModelResult) -> Option<Line> {
    let level = |factor: &&Factor| factor.levels.iter().position(|level| Some(level) == model.levels.get(&factor.name));
    let positions: Vec<usize> = varying.iter().map(level).collect::<Option<_>>()?;
    let (width, hue, dash) = match positions[..] {
        [] => (0, 0, 0),
        [only] => return Some(of_position(only)),
        [hue, dash] => (0, hue, dash),
        [width, hue, dash] => (width, hue, dash),
        _ => return None,
    };
    Some(Line { color: *HUES.get(hue)?, dash: *DASHES.get(dash)?, width: *WIDTHS.get(width)? })
}

/// The line of one curve among several without a design.
pub(in crate::report) fn of_position(position: usize) -> Line {
    Line { color: HUES[position % HUES.len()], dash: DASHES[position % DASHES.len()], width: PAIR_WIDTH }
}
