//! One area: value, variance, intervals.

use std::sync::Arc;

use bgh::stats::{self, Level, Placements, Reference, Roc, Scores, Undefined};
use serde_json::Value;

use crate::golden::*;

#[test]
fn auc_and_variance_agree_with_exact_arithmetic() {
    for golden in goldens() {
        for (name, _) in golden.curves() {
            let (exact, place) = (&golden.exact["rocs"][name], golden.place(name));
            let curve = &golden.placements(&[name])[0];
            assert_eq!(stats::auc(curve), number(&exact["auc"]), "{place}");
            match exact.get("var") {
                Some(variance) => {
                    assert_close(stats::delong::variance(curve).expect("a variance"), number(variance), 5e-16, 0.0, &place);
                }
                None => assert!(stats::delong::variance(curve).is_err(), "{place}"),
            }
        }
    }
}

#[test]
fn auc_variance_and_intervals_agree_with_proc() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let place = golden.place(name);
            let curve = &golden.placements(&[name])[0];
            let counts = [curve.reference().cases() as u64, curve.reference().controls() as u64];
            assert_eq!(counts.map(Value::from), [expected["n_cases"].clone(), expected["n_controls"].clone()], "{place}");
            assert_close(stats::auc(curve), number(&expected["auc"]), 1e-12, 1e-15, &place);
            let Ok(variance) = stats::delong::variance(curve) else {
                assert_eq!(expected["var_delong"], "NA", "{place}");
                continue;
            };
            assert_close(variance, number(&expected["var_delong"]), 1e-12, 1e-15, &place);
            for percent in LEVELS {
                let interval = stats::Interval::normal(stats::auc(curve), variance, level(percent)).clipped();
                let limits = numbers(&expected[format!("ci{percent}_delong")]);
                assert_close(interval.lower, limits[0], 1e-12, 1e-15, &place);
                assert_close(interval.upper, limits[2], 1e-12, 1e-15, &place);
            }
        }
    }
}

#[test]
fn intervals_agree_with_exact_arithmetic() {
    for golden in goldens() {
        for (name, _) in golden.curves() {
            let curve = &golden.placements(&[name])[0];
            let Ok(variance) = stats::delong::variance(curve) else { continue };
            for percent in LEVELS {
                let interval = stats::Interval::normal(stats::auc(curve), variance, level(percent)).clipped();
                let limits = numbers(&golden.exact["rocs"][name][format!("ci{percent}")]);
                let place = golden.place(name);
                assert_close(interval.lower, limits[0], 1e-15, 2e-16, &place);
                assert_close(interval.upper, limits[1], 1e-15, 2e-16, &place);
            }
        }
    }
}

#[test]
fn exact_interval_of_complete_separation_is_clopper_pearson() {
    let mut checked = 0;
    let exact = values("exact/special_functions.json");
    for row in exact["clopper_pearson"].as_array().expect("rows") {
        let (hits, pairs) = (row["x"].as_u64().expect("x"), row["n"].as_u64().expect("n") as usize);
        if hits != 0 && hits != pairs as u64 {
            continue;
        }
        let sign = if hits == 0 { -1.0 } else { 1.0 };
        let is_case: Vec<bool> = (0..2 * pairs).map(|subject| subject < pairs).collect();
        let scores: Vec<f64> = is_case.iter().map(|&case| if case { sign } else { 0.0 }).collect();
        let reference = Arc::new(Reference::new(is_case).expect("both classes"));
        let curve = Placements::of(&Scores::new(&reference, &scores).expect("scores"));
        let level = Level::new(number(&row["level"])).expect("a level");
        let interval = stats::exact_interval(&curve, level).expect("an interval");
        assert_close(interval.lower, number(&row["lower"]), 1e-13, 0.0, &row.to_string());
        assert_close(interval.upper, number(&row["upper"]), 1e-13, 0.0, &row.to_string());
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} rows");
}

#[test]
fn complete_separation_has_a_point_interval_and_an_exact_one() {
    let golden = golden("edge_separation20");
    for (name, area, bound) in [("perfect", 1.0, [0.025f64.powf(0.1), 1.0]), ("reversed", 0.0, [0.0, 1.0 - 0.025f64.powf(0.1)])]
    {
        let curve = &golden.placements(&[name])[0];
        assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (area, Ok(0.0)));
        let exact = stats::exact_interval(curve, level("95")).expect("an exact interval");
        assert_close(exact.lower, bound[0], 1e-14, 0.0, name);
        assert_close(exact.upper, bound[1], 1e-14, 0.0, name);
    }
}

#[test]
fn constant_score_is_one_half_without_variance() {
    let golden = golden("edge_separation20");
    let curve = &golden.placements(&["constant"])[0];
    assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (0.5, Ok(0.0)));
    assert_eq!(stats::exact_interval(curve, level("95")), None);
    assert_eq!(Roc::of(&golden.scores(&["constant"])[0]).points.len(), 2);
}

#[test]
fn one_case_or_one_control_has_an_area_and_no_variance() {
    let cases = [
        ("edge_tiny_1_1", ["up", "tie", "down"], Undefined::OneCase),
        ("edge_tiny_1_3", ["top", "mid", "tie"], Undefined::OneCase),
        ("edge_tiny_3_1", ["top", "mid", "tie"], Undefined::OneControl),
    ];
    for (name, names, reason) in cases {
        let golden = golden(name);
        let curves = golden.placements(&names);
        let areas = curves.iter().map(stats::auc);
        assert!(areas.eq(names.iter().map(|name| number(&golden.exact["rocs"][name]["auc"]))), "{name}");
        assert!(curves.iter().all(|curve| stats::delong::variance(curve) == Err(reason)), "{name}");
        assert_eq!(pair_of(&curves).test(), Err(reason), "{name}");
    }
}

#[test]
fn two_and_two_have_a_variance() {
    let curve = &golden("edge_tiny_2_2").placements(&["mixed"])[0];
    assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (0.75, Ok(0.125)));
}
