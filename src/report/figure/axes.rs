//! A frame with two linear axes, placed on the sheet to the hundredth of a millimetre.

use std::ops::Range;

use anyhow::Result;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, COLUMN_MM, GAP_MM, LINE_MM, THIN_MM, drawing, mm, outline, path, stroke, text_style, write};

const TICK_MM: f64 = 1.0;
/// Room below a frame for tick labels and the name of the axis.
pub(super) const BELOW_MM: f64 = 2.6 * LINE_MM;
/// Room above a frame, for half a tick label.
pub(super) const ABOVE_MM: f64 = 2.0;
const RIGHT_MM: f64 = 4.0;

/// What one axis shows.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) name: &'static str,
    pub(super) range: Range<f64>,
    /// About how many ticks at most.
    pub(super) ticks: usize,
}

/// Where the frame lies, in millimetres, and what its axes show.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    pub(super) left: f64,
    pub(super) height: f64,
    pub(super) x: Axis,
    /// An axis without ticks (0) only places its points.
    pub(super) y: Axis,
}

impl Axes {
    /// Width of a frame that leaves `left` millimetres of the column free.
    pub(super) const fn width(left: f64) -> f64 {
        COLUMN_MM - left - RIGHT_MM
    }

    /// Where a point of data lies on the sheet, millimetres.
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let across = Self::width(self.left) * self.x.share(x);
        (self.left + across, ABOVE_MM + self.height * (1.0 - self.y.share(y)))
    }

    /// The same in units of the sheet.
    pub(super) fn unit(&self, x: f64, y: f64) -> (i32, i32) {
        let (x, y) = self.place(x, y);
        (mm(x), mm(y))
    }

    /// Lowest point that the frame and its labels reach, millimetres.
    pub(super) fn bottom(&self) -> f64 {
        ABOVE_MM + self.height + BELOW_MM
    }

    /// Draws frame, ticks and names.
    pub(super) fn draw(&self, area: &Area) -> Result<()> {
        let (x, y) = (&self.x.range, &self.y.range);
        let corners = [(x.start, y.start), (x.end, y.start), (x.end, y.end), (x.start, y.end)];
        outline(area, corners.map(|(x, y)| self.place(x, y)), stroke(BLACK, THIN_MM))?;
        self.x.labels().iter().try_for_each(|(value, label)| self.draw_x_tick(area, *value, label))?;
        self.y.labels().iter().try_for_each(|(value, label)| self.draw_y_tick(area, *value, label))?;
        self.draw_names(area)
    }

    fn draw_x_tick(&self, area: &Area, value: f64, label: &str) -> Result<()> {
        let (x, y) = self.place(value, self.y.range.start);
        path(area, &[(x, y), (x, y + TICK_MM)], stroke(BLACK, THIN_MM))?;
        write(area, label, (x, y + TICK_MM + LINE_MM / 2.0), HPos::Center, VPos::Center)
    }

    fn draw_y_tick(&self, area: &Area, value: f64, label: &str) -> Result<()> {
        let (x, y) = self.place(self.x.range.start, value);
        path(area, &[(x - TICK_MM, y), (x, y)], stroke(BLACK, THIN_MM))?;
        write(area, label, (x - TICK_MM - GAP_MM / 2.0, y), HPos::Right, VPos::Center)
    }

    fn draw_names(&self, area: &Area) -> Result<()> {
        let (middle_x, middle_y) = (self.left + Self::width(self.left) / 2.0, ABOVE_MM + self.height / 2.0);
        let below = ABOVE_MM + self.height + TICK_MM + 1.55 * LINE_MM;
        write(area, self.x.name, (middle_x, below), HPos::Center, VPos::Center)?;
        let upwards = text_style(HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
        area.draw_text(self.y.name, &upwards, (mm(LINE_MM / 2.0), mm(middle_y))).map_err(drawing)
    }
}

impl Axis {
    /// Position of `value` along the axis, 0 to 1 within its range.
    fn share(&self, value: f64) -> f64 {
        (value - self.range.start) / (self.range.end - self.range.start)
    }

    /// Round values within the range, all with the decimals that their spacing asks for.
    fn labels(&self) -> Vec<(f64, String)> {
        if self.ticks == 0 {
            return Vec::new();
        }
        let values = RangedCoordf64::from(self.range.clone()).key_points(self.ticks);
        let spacing = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let decimals = (-spacing.log10().floor()).clamp(0.0, 6.0) as usize;
        values.into_iter().map(|value| (value, format!("{:.decimals$}", value + 0.0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(range: Range<f64>, ticks: usize) -> Vec<String> {
        Axis { name: "", range, ticks }.labels().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_share_their_decimals() {
        assert_eq!(labels(0.0..1.0, 6), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(0.0..90.0, 6), ["0", "20", "40", "60", "80"]);
    }

    #[test]
    fn corners_of_the_data_lie_on_the_frame() {
        let axis = |ticks| Axis { name: "", range: 0.0..1.0, ticks };
        let axes = Axes { left: 12.0, height: 68.0, x: axis(5), y: axis(5) };
        assert_eq!(axes.place(0.0, 0.0), (12.0, 70.0));
        assert_eq!(axes.place(1.0, 1.0), (80.0, 2.0));
    }
}
