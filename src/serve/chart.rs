//! Curves as inline SVG, sized by the page and readable without it: the last values stand beside the drawing.

use std::ops::Range;

use maud::{Markup, html};
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 190.0;
/// Left, top, right, bottom of the frame.
const FRAME: [f64; 4] = [46.0, 10.0, 330.0, 160.0];

/// One line of a chart.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: &'static str,
    /// Which of the style's lines it is, from 1.
    pub(super) line: usize,
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over one axis.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) series: Vec<Series>,
    /// The least that the vertical axis spans.
    pub(super) span: Range<f64>,
}

impl Chart {
    /// The figure, or nothing where no line has a point.
    pub(super) fn draw(&self) -> Markup {
        let points = || self.series.iter().flat_map(|series| series.points.iter().copied()).filter(is_finite);
        if points().next().is_none() {
            return html! {};
        }
        let x = 0.0..points().map(|(x, _)| x).fold(1.0, f64::max);
        let y = self.span.start..points().map(|(_, y)| y).fold(self.span.end, f64::max);
        html! {
            figure.chart {
                figcaption {
                    strong { (self.title) }
                    @for series in &self.series {
                        @if let Some((_, last)) = series.points.iter().rfind(|point| is_finite(point)) {
                            span.legend { span class={ "swatch line" (series.line) } {} (series.name) " " b { (told(*last)) } }
                        }
                    }
                }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (self.title) " over " (self.x) } {
                    (frame(&x, &y, self.x))
                    @for series in &self.series { (line(series, &x, &y)) }
                }
            }
        }
    }
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn frame(x: &Range<f64>, y: &Range<f64>, name: &str) -> Markup {
    let [left, top, right, bottom] = FRAME;
    html! {
        @for value in RangedCoordf64::from(y.clone()).key_points(5) {
            @let at = place(&(x.start, value), x, y).1;
            line.grid x1=(left) x2=(right) y1=(at) y2=(at) {}
            text.tick x=(left - 5.0) y=(at + 4.0) text-anchor="end" { (told(value)) }
        }
        @for value in RangedCoordf64::from(x.clone()).key_points(5) {
            @let at = place(&(value, y.start), x, y).0;
            text.tick x=(at) y=(bottom + 14.0) text-anchor="middle" { (told(value)) }
        }
        text.tick x=(right) y=(HEIGHT - 3.0) text-anchor="end" { (name) }
        rect.frame x=(left) y=(top) width=(right - left) height=(bottom - top) {}
    }
}

fn line(series: &Series, x: &Range<f64>, y: &Range<f64>) -> Markup {
    let places: Vec<(f64, f64)> =
        series.points.iter().filter(|point| is_finite(point)).map(|point| place(point, x, y)).collect();
    let text: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    html! {
        polyline class={ "curve line" (series.line) } points=(text.join(" ")) {}
        @if let Some((x, y)) = places.last() { circle class={ "point line" (series.line) } cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="2.5" {} }
    }
}

fn place((at, value): &(f64, f64), x: &Range<f64>, y: &Range<f64>) -> (f64, f64) {
    let [left, top, right, bottom] = FRAME;
    let share = |value: f64, range: &Range<f64>| (value - range.start) / (range.end - range.start);
    (left + (right - left) * share(*at, x), bottom - (bottom - top) * share(*value, y))
}

/// Three digits or so.
fn told(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v < 0.001 => format!("{value:.1e}"),
        v if v >= 1000.0 || value.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v < 0.1 => trimmed(&format!("{value:.4}")),
        _ => trimmed(&format!("{value:.3}")),
    }
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_briefly() {
        assert_eq!([0.0, 0.00042, 0.01, 0.25, 12.345, 1234.5].map(told), ["0", "4.2e-4", "0.01", "0.25", "12.3", "1234"]);
    }

    #[test]
    fn a_value_that_is_no_number_breaks_the_line_and_nothing_else() {
        let points = vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 0.5)];
        let series = vec![Series { name: "loss", line: 1, points }];
        let drawn = Chart { title: "Loss", x: "updates", series, span: 0.0..0.1 }.draw().into_string();
        assert!(drawn.contains("polyline") && !drawn.contains("NaN"), "{drawn}");
        let nothing = Chart { title: "Loss", x: "updates", series: vec![], span: 0.0..0.1 };
        assert_eq!(nothing.draw().into_string(), "");
    }
}
