//! The curve at a given specificity or sensitivity, between its points by linear interpolation.

use super::{Point, Roc};

/// The rate along which a curve is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Share of the controls called negative.
    Specificity,
    /// Share of the cases called positive.
    Sensitivity,
}

/// A place on the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    /// Share of the controls called negative, in [0, 1].
    pub specificity: f64,
    /// Share of the cases called positive, in [0, 1].
    pub sensitivity: f64,
    /// The point that lies here; `None` between two points, where no threshold is.
    pub point: Option<Point>,
}

impl Roc {
    /// The curve where the rate along `axis` is `value`; of several places that with the largest other rate. `None` outside [0, 1].
    pub fn at(&self, axis: Axis, value: f64) -> Option<Coordinates> {
        let hits = self.points.iter().filter(|point| self.rates(axis, point).0 == value);
        let best = hits.max_by(|a, b| self.rates(axis, a).1.total_cmp(&self.rates(axis, b).1));
        best.map(|point| self.coordinates(point)).or_else(|| self.between(axis, value))
    }

    fn coordinates(&self, point: &Point) -> Coordinates {
        Coordinates { specificity: self.specificity(point), sensitivity: self.sensitivity(point), point: Some(*point) }
    }

    fn between(&self, axis: Axis, value: f64) -> Option<Coordinates> {
        self.segments(axis).find(|[low, high]| low.0 < value && value < high.0).map(|[low, high]| {
            let other = low.1 + (high.1 - low.1) * ((value - low.0) / (high.0 - low.0));
            let (specificity, sensitivity) = match axis {
                Axis::Specificity => (value, other),
                Axis::Sensitivity => (other, value),
            };
            Coordinates { specificity, sensitivity, point: None }
        })
    }

    /// The rate along `axis` and the other one.
    fn rates(&self, axis: Axis, point: &Point) -> (f64, f64) {
        match axis {
            Axis::Specificity => (self.specificity(point), self.sensitivity(point)),
            Axis::Sensitivity => (self.sensitivity(point), self.specificity(point)),
        }
    }

    /// Pairs of neighbouring points as rates, the end with the lower rate along `axis` first.
    pub(in crate::stats) fn segments(&self, axis: Axis) -> impl Iterator<Item = [(f64, f64); 2]> {
        self.points.windows(2).map(move |ends| {
            let [a, b] = [self.rates(axis, &ends[0]), self.rates(axis, &ends[1])];
            if a.0 <= b.0 { [a, b] } else { [b, a] }
        })
    }
}
