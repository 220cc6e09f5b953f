//! The empirical ROC curve, every point of it: collinear points are kept, because each belongs to a threshold someone may use.

use crate::stats::Scores;
use crate::stats::scores::{Ranked, count};

/// The points of one curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    cases: usize,
    controls: usize,
    /// By increasing false positives, from nothing called positive to everything: one more than there are distinct scores.
    pub points: Vec<Point>,
}

/// What happens at one threshold: subjects with a score of at least it are called positive. Counts, because comparing rates
/// misses ties (7/10 + 1 against 8/10 + 9/10).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Between two scores; -∞ at the last point; `None`, above every score, at the first (+∞ would not do: it can be a score).
    pub threshold: Option<f64>,
    /// Cases called positive.
    pub true_positives: usize,
    /// Controls called positive.
    pub false_positives: usize,
}

impl Roc {
    /// The curve of these scores, O(N) on the sorted scores.
    pub fn of(scores: &Scores) -> Self {
        let (cases, controls) = (scores.reference().cases(), scores.reference().controls());
        let mut point = Point { threshold: Some(f64::NEG_INFINITY), true_positives: cases, false_positives: controls };
        let mut points = vec![point];
        let mut groups = scores.tie_groups().peekable();
        while let Some(group) = groups.next() {
            let (cases, controls) = count(group);
            point.threshold = groups.peek().map(|next| midpoint(score(group), score(next)));
            point.true_positives -= cases;
            point.false_positives -= controls;
            points.push(point);
        }
        points.reverse();
        Self { cases, controls, points }
    }

    /// Number of cases, m ≥ 1.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Number of controls, n ≥ 1.
    pub fn controls(&self) -> usize {
        self.controls
    }

    /// Share of the cases called positive at `point`.
    pub fn sensitivity(&self, point: &Point) -> f64 {
        point.true_positives as f64 / self.cases as f64
    }

    /// Share of the controls called negative at `point`.
    pub fn specificity(&self, point: &Point) -> f64 {
        (self.controls - point.false_positives) as f64 / self.controls as f64
    }

    /// Share of the controls called positive at `point`.
    pub fn false_positive_rate(&self, point: &Point) -> f64 {
        point.false_positives as f64 / self.controls as f64
    }
}

fn score(group: &[Ranked]) -> f64 {
    group[0].score()
}

/// A threshold that parts `low` from `high` although doubles are finite: halved first where the sum could overflow, and `high`
/// itself where no double lies between (a score equal to the threshold counts as positive).
fn midpoint(low: f64, high: f64) -> f64 {
    let middle = (low + high) / 2.0;
    let middle = if middle.abs() > 1e100 { low / 2.0 + high / 2.0 } else { middle };
    if low < middle && middle < high { middle } else { high }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stats::Reference;

    #[test]
    fn infinite_scores_are_ordinary_extremes() {
        let reference = Arc::new(Reference::new(vec![false, true, true]).unwrap());
        let roc = Roc::of(&Scores::new(&reference, &[f64::NEG_INFINITY, 0.0, f64::INFINITY]).unwrap());
        let thresholds: Vec<_> = roc.points.iter().map(|point| point.threshold).collect();
        assert_eq!(thresholds, [None, Some(f64::INFINITY), Some(0.0), Some(f64::NEG_INFINITY)]);
        let hits: Vec<_> = roc.points.iter().map(|point| (point.true_positives, point.false_positives)).collect();
        assert_eq!(hits, [(0, 0), (1, 0), (2, 0), (2, 1)]);
    }

    #[test]
    fn a_threshold_always_parts_two_scores() {
        for (low, high) in [(1.0, 1.0f64.next_up()), (0.0, 5e-324), (1.6e308, 1.7e308), (-1.7e308, 1.7e308), (-5e-324, 0.0)] {
            let threshold = midpoint(low, high);
            assert!(low < threshold && threshold <= high, "{low} {threshold} {high}");
        }
    }
}
