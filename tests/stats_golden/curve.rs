//! The points of the curve.

use bgh::stats::{self, Axis, Placements, Roc};

use crate::golden::*;

#[test]
fn coordinates_and_thresholds_are_procs_to_the_last_bit() {
    for golden in goldens() {
        for (name, expected) in golden.curves().filter(|(_, curve)| curve.get("coords").is_some()) {
            let roc = Roc::of(&golden.scores(&[name])[0]);
            // Cases that score lower are ranked here by the negated score.
            let sign = if expected["direction"] == ">" { -1.0 } else { 1.0 };
            let points: Vec<_> = roc.points.iter().rev().collect();
            let thresholds: Vec<f64> = points.iter().map(|point| sign * point.threshold.unwrap_or(f64::INFINITY)).collect();
            let (coords, place) = (&expected["coords"], golden.place(name));
            assert_eq!(thresholds, numbers(&coords["threshold"]), "{place}");
            let sensitivity: Vec<f64> = points.iter().map(|point| roc.sensitivity(point)).collect();
            assert_eq!(sensitivity, numbers(&coords["sensitivity"]), "{place}");
            let specificity: Vec<f64> = points.iter().map(|point| roc.specificity(point)).collect();
            assert_eq!(specificity, numbers(&coords["specificity"]), "{place}");
        }
    }
}

/// pROC returns NaN. The value here: 7.5 of 9 pairs, counted by hand.
#[test]
fn infinite_scores_are_ordinary_extremes() {
    let golden = golden("edge_infinite");
    for name in ["pos_inf", "neg_inf", "fine"] {
        let scores = golden.scores(&[name]);
        assert_eq!(stats::auc(&Placements::of(&scores[0])), 7.5 / 9.0, "{name}");
        let hits: Vec<_> = Roc::of(&scores[0]).points.iter().map(|p| (p.true_positives, p.false_positives)).collect();
        assert_eq!(hits, [(0, 0), (1, 0), (2, 0), (2, 1), (3, 2), (3, 3)], "{name}");
    }
}

#[test]
fn near_ties_are_kept_apart() {
    let golden = golden("edge_near_ties");
    for (name, points) in [("one_ulp", 12), ("subnormal", 12), ("signed_zero", 5), ("huge", 13), ("big_ints", 12)] {
        assert_eq!(Roc::of(&golden.scores(&[name])[0]).points.len(), points, "{name}");
    }
}

#[test]
fn youden_ties_are_ties_of_counts() {
    for name in ["edge_youden_ties", "edge_youden_ties_dyadic"] {
        let scores = &golden(name).scores(&["tie_four"])[0];
        let roc = Roc::of(scores);
        let (cases, controls) = (scores.reference().cases(), scores.reference().controls());
        let youden = |point: &stats::Point| point.true_positives * controls + (controls - point.false_positives) * cases;
        let best = roc.points.iter().map(youden).max();
        assert_eq!(roc.points.iter().filter(|point| Some(youden(point)) == best).count(), 4, "{name}");
    }
}

#[test]
fn coordinates_between_points_agree_with_proc() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let (roc, place) = (Roc::of(&golden.scores(&[name])[0]), golden.place(name));
            for (axis, key) in [(Axis::Specificity, "at_specificity"), (Axis::Sensitivity, "at_sensitivity")] {
                for row in expected[key].as_array().into_iter().flatten() {
                    let at = roc.at(axis, number(&row["input"])).expect("a rate");
                    assert_close(at.specificity, number(&row["specificity"]), 1e-12, 1e-15, &place);
                    assert_close(at.sensitivity, number(&row["sensitivity"]), 1e-12, 1e-15, &place);
                    assert_eq!(at.point.is_none(), row["threshold"] == "NA", "{place} {row}");
                }
            }
        }
    }
}

#[test]
fn no_place_lies_outside_the_axes() {
    let roc = Roc::of(&golden("edge_tiny_2_2").scores(&["mixed"])[0]);
    assert!([-0.1, 1.1, f64::NAN].into_iter().all(|rate| roc.at(Axis::Sensitivity, rate).is_none()));
}
