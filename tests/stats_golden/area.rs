//! One area: value, variance, intervals.

use std::sync::Arc;

use bgh::stats::{
    self, Axis, Band, Binormal, Clustered, Clusters, Interval, IntervalMethod, Level, MannWhitney, Placements, Reference, Roc,
    Scores, Undefined, delong,
};
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

#[test]
fn logit_and_exact_intervals_agree_with_the_formulas() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let (curve, place) = (&golden.placements(&[name])[0], golden.place(name));
            let sound = stats::sound_interval(curve, level("95"));
            let (method, limits) = match (expected.get("delong_logit_ci95"), expected.get("separation_exact_ci95")) {
                (Some(limits), None) => (IntervalMethod::LogitDelong, limits),
                (None, Some(limits)) => (IntervalMethod::ExactSeparation, limits),
                _ => {
                    assert!(sound.is_err(), "{place}");
                    continue;
                }
            };
            let sound = sound.expect("an interval");
            assert_eq!(sound.method, method, "{place}");
            assert_close(sound.limits.lower, numbers(limits)[0], 1e-12, 1e-15, &place);
            assert_close(sound.limits.upper, numbers(limits)[1], 1e-12, 1e-15, &place);
            // A one-sided limit of 95 % is a two-sided one of 90 %.
            let Some(one_sided) = expected.get("separation_exact_one_sided95") else { continue };
            let interval = stats::exact_interval(curve, level("90")).expect("an interval");
            assert_close(interval.lower, numbers(one_sided)[0], 1e-12, 1e-15, &place);
            assert_close(interval.upper, numbers(one_sided)[1], 1e-12, 1e-15, &place);
        }
    }
}

#[test]
fn hanley_mcneil_agrees_with_the_formula() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let (curve, place) = (&golden.placements(&[name])[0], golden.place(name));
            let (area, cases, controls) = (stats::auc(curve), curve.reference().cases(), curve.reference().controls());
            let variance = stats::hanley_mcneil::variance(area, cases, controls);
            let expected = &expected["hanley_mcneil"];
            assert_close(variance, number(&expected["variance"]), 1e-12, 1e-17, &place);
            let interval = Interval::normal(area, variance, level("95"));
            assert_close(interval.lower, numbers(&expected["ci95_unclipped"])[0], 1e-12, 1e-9, &place);
            assert_close(interval.upper, numbers(&expected["ci95_unclipped"])[1], 1e-12, 1e-9, &place);
            assert!(stats::largest_variance(area, cases, controls) >= variance * (1.0 - 1e-12), "{place}");
        }
    }
}

#[test]
fn mann_whitney_tests_agree_with_r() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let (scores, place, expected) = (&golden.scores(&[name])[0], golden.place(name), &expected["wilcoxon"]);
            let test = MannWhitney::of(scores);
            assert_eq!(test.u(), number(&expected["U"]), "{place}");
            for (corrected, key) in [(false, "p_normal"), (true, "p_normal_cc")] {
                match test.normal(corrected) {
                    Ok(test) => assert_close(test.two_sided(), number(&expected[key]), 1e-12, 0.0, &place),
                    Err(reason) => {
                        assert_eq!((reason, &expected[key]), (Undefined::NoInformation, &Value::from("NaN")), "{place}")
                    }
                }
            }
            if let Some(exact) = expected.get("p_exact") {
                assert_close(test.exact().expect("no ties"), number(exact), 1e-12, 0.0, &place);
            }
        }
    }
}

#[test]
fn partial_areas_agree_with_proc() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let (roc, place) = (Roc::of(&golden.scores(&[name])[0]), golden.place(name));
            for row in expected["partial_auc"].as_array().into_iter().flatten() {
                let axis = if row["focus"] == "specificity" { Axis::Specificity } else { Axis::Sensitivity };
                let band = Band::new(axis, number(&row["to"]), number(&row["from"])).expect("a band");
                let area = stats::partial_area(&roc, &band);
                match (row["mcclish_corrected"] == true, stats::mcclish(area, &band)) {
                    (false, _) => assert_close(area, number(&row["value"]), 1e-12, 1e-15, &place),
                    (true, Ok(corrected)) => assert_close(corrected, number(&row["value"]), 1e-12, 1e-15, &place),
                    (true, Err(reason)) => {
                        assert_eq!((reason, &row["value"]), (Undefined::BelowDiagonal, &"NA".into()), "{place}")
                    }
                }
            }
        }
    }
}

#[test]
fn average_precision_and_partial_areas_agree_with_scikit_learn() {
    let sets = values("expected/sklearn.json");
    let two_classes = sets["sets"].as_object().expect("sets").iter().filter(|(set, _)| *set != "three_class110");
    for (set, curves) in two_classes {
        let golden = golden(set);
        let curves = curves.as_object().expect("curves").iter().filter(|(_, curve)| curve.get("average_precision").is_some());
        for (name, expected) in curves {
            let roc = Roc::of(&golden.scores(&[name])[0]);
            assert_close(stats::average_precision(&roc), number(&expected["average_precision"]), 1e-12, 0.0, name);
            let band = Band::new(Axis::Specificity, 0.9, 1.0).expect("a band");
            let corrected = stats::mcclish(stats::partial_area(&roc, &band), &band);
            if let (Some(wanted), Ok(corrected)) = (expected.get("roc_auc_max_fpr_0_1_mcclish"), corrected) {
                assert_close(corrected, number(wanted), 1e-12, 1e-15, name);
            }
        }
    }
}

#[test]
fn clustered_variances_agree_with_obuchowskis_formula() {
    for name in ["slices60", "slices12"] {
        let sliced = Sliced::open(name);
        let [first, second] = sliced.curves.each_ref();
        let clustered = sliced.curves.each_ref().map(|curve| Clustered::of(curve, &sliced.clusters).expect("clusters"));
        let expected = values(&format!("expected/{name}.json"));
        let covariance = &values(&format!("exact/{name}.json"))["covariance"];
        let wanted = |i: usize, j: usize| number(&covariance[i][j]);
        assert_close(clustered[0].variance().expect("clusters"), wanted(0, 0), 1e-14, 0.0, name);
        assert_close(clustered[1].variance().expect("clusters"), wanted(1, 1), 1e-14, 0.0, name);
        assert_close(clustered[0].covariance(&clustered[1]).expect("clusters"), wanted(0, 1), 1e-14, 0.0, name);
        for (curve, model) in [(first, "model_a"), (second, "model_b")] {
            let naive = &expected["slice_level_naive"][model];
            assert_close(stats::auc(curve), number(&naive["auc"]), 1e-12, 0.0, name);
            assert_close(
                delong::variance(curve).expect("cases"),
                number(&naive["var_delong_ignoring_clusters"]),
                1e-12,
                0.0,
                name,
            );
        }
        let effect = stats::design_effect(first, &clustered[0]).expect("an effect");
        assert!(name == "slices12" || (1.4..1.6).contains(&effect), "{effect}");
        let units = first.reference().subjects() as f64;
        assert_close(stats::effective_units(first, &clustered[0]).expect("units"), units / effect, 1e-15, 0.0, name);
    }
}

#[test]
fn cases_of_one_cluster_have_no_variance_between_clusters() {
    let curve = &golden("edge_tiny_2_2").placements(&["mixed"])[0];
    let patients = |case: bool, subject: usize| if case { 0 } else { subject };
    let labels: Vec<usize> = (0..4).map(|subject| patients(curve.reference().is_case(subject), subject + 1)).collect();
    let clustered = Clustered::of(curve, &Clusters::new(&labels)).expect("as many labels");
    assert_eq!(clustered.variance(), Err(Undefined::OneCluster));
    assert!(Clustered::of(curve, &Clusters::new(&labels[1..])).is_err());
}

#[test]
fn binormal_curves_agree_with_proc() {
    for row in values("expected/binormal.json").as_array().expect("rows") {
        let (set, name) = (row["dataset"].as_str().expect("a set"), row["curve"].as_str().expect("a curve"));
        let fit = Binormal::fit(&Roc::of(&golden(set).scores(&[name])[0]));
        let Some(slope) = row.get("slope") else {
            assert_eq!(fit, Err(Undefined::TooFewPoints), "{set} {name}");
            continue;
        };
        let fit = fit.expect("a fit");
        assert_close(fit.slope, number(slope), 1e-12, 0.0, name);
        assert_close(fit.intercept, number(&row["intercept"]), 1e-12, 1e-15, name);
        // Of pROC's 512 points the trapezoids, here without.
        assert_close(fit.auc(), number(&row["auc512"]), 0.0, 2e-3, name);
        let half = 0.5 * (fit.specificity(0.0) + fit.specificity(1.0));
        let trapezoids = (1..4000).map(|i| fit.specificity(f64::from(i) / 4000.0)).sum::<f64>() + half;
        assert_close(fit.auc(), trapezoids / 4000.0, 0.0, 1e-4, name);
    }
}

#[test]
fn one_area_against_a_fixed_value() {
    let golden = golden("paper110");
    let curve = &golden.placements(&["googlenet_pretrained"])[0];
    // The upper end of the 95 % interval is what a two-sided test at 0.05 just rejects.
    let limits = numbers(&golden.exact["rocs"]["googlenet_pretrained"]["ci95"]);
    assert_close(stats::against(curve, limits[0]).expect("a test").two_sided(), 0.05, 1e-12, 0.0, "lower limit");
    assert_close(stats::against(curve, limits[1]).expect("a test").greater(), 0.975, 1e-12, 0.0, "upper limit");
    let separated = &golden.placements(&["googlenet_pretrained_aug"])[0];
    assert_eq!(stats::against(separated, 0.5), Err(Undefined::CompleteSeparation));
    assert_eq!(
        stats::sound_interval(separated, level("95")).map(|interval| interval.method),
        Ok(IntervalMethod::ExactSeparation)
    );
}

#[test]
fn constant_score_has_no_sound_interval() {
    let curve = &golden("edge_separation20").placements(&["constant"])[0];
    assert_eq!(stats::sound_interval(curve, level("95")), Err(Undefined::NoInformation));
    assert_eq!(stats::against(curve, 0.5), Err(Undefined::NoInformation));
}

/// pROC: NA with a warning.
#[test]
fn partial_area_below_the_diagonal_has_no_correction() {
    let roc = Roc::of(&golden("ties110").scores(&["neg_logit"])[0]);
    for axis in [Axis::Specificity, Axis::Sensitivity] {
        let band = Band::new(axis, 0.9, 1.0).expect("a band");
        assert_eq!(stats::mcclish(stats::partial_area(&roc, &band), &band), Err(Undefined::BelowDiagonal));
    }
    let no_bands = [(0.5, 0.5), (0.9, 0.1), (-0.1, 0.5), (0.5, 1.1), (f64::NAN, 1.0)];
    assert!(no_bands.into_iter().all(|(low, high)| Band::new(Axis::Specificity, low, high).is_err()));
}
