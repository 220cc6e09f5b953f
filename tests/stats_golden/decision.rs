//! Decisions at a threshold: pROC's coordinates and best thresholds, R's McNemar tests, scikit-learn's summaries.

use bgh::stats::decision::{
    Confusion, Kappa, LikelihoodRatio, OperatingPoint, OperatingPoints, SpecificityWeight, Table2x2, Weights,
    balanced_accuracy, f1, matthews, mcnemar,
};
use bgh::stats::proportion::{PairedProportions, Proportion};
use bgh::stats::{Prevalence, Roc, Undefined};
use serde_json::Value;

use crate::golden::*;
use crate::proportion::{count, paired, paired_tables};

/// Thresholds are given for the scores as they are; curves whose cases score lower are ranked here by the negated score.
fn sign(curve: &Value) -> f64 {
    if curve["direction"] == ">" { -1.0 } else { 1.0 }
}

fn estimate(proportion: Result<Proportion, Undefined>) -> f64 {
    proportion.map_or(f64::NAN, |proportion| proportion.estimate())
}

#[test]
fn tables_at_a_threshold_agree_with_proc() {
    let mut checked = 0;
    for golden in goldens() {
        for (name, curve) in golden.curves() {
            for expected in curve.get("at_threshold").and_then(Value::as_array).into_iter().flatten() {
                let threshold = number(&expected["threshold"]);
                let table = Table2x2::at(&golden.scores(&[name])[0], Some(sign(curve) * threshold));
                let counts = ["tp", "fp", "fn", "tn"].map(|count| number(&expected[count]).round() as usize);
                let got = [table.true_positives, table.false_positives, table.false_negatives, table.true_negatives];
                assert_eq!(got, counts, "{} at {threshold}", golden.place(name));
                let shares = [
                    ("sensitivity", table.sensitivity()),
                    ("specificity", table.specificity()),
                    ("ppv", table.positive_predictive_value()),
                    ("npv", table.negative_predictive_value()),
                    ("accuracy", table.accuracy()),
                ];
                for (share, got) in shares {
                    let place = golden.place(&format!("{name} {share} at {threshold}"));
                    match expected[share].as_f64() {
                        Some(want) => assert_close(estimate(got), want, 1e-12, 0.0, &place),
                        None => assert_eq!(got, Err(Undefined::NoSubject), "{place}"),
                    }
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 70, "only {checked} tables");
}

/// pROC compares rounded sums and so may miss ties: what it finds is among ours, and ours all have its merit.
fn assert_holds(best: &OperatingPoints, curve: &Value, expected: &Value, place: &str) {
    let rows = expected.as_array().expect("rows");
    let thresholds: Vec<f64> = best.ties().iter().map(|point| sign(curve) * point.threshold.unwrap_or(f64::INFINITY)).collect();
    for row in rows {
        let at = thresholds.iter().position(|&threshold| threshold == number(&row["threshold"]));
        let table = best.ties()[at.unwrap_or_else(|| panic!("{place}: {row} is not among {thresholds:?}"))].chosen_on;
        assert_eq!(estimate(table.sensitivity()), number(&row["sensitivity"]), "{place}");
        assert_eq!(estimate(table.specificity()), number(&row["specificity"]), "{place}");
    }
    assert!(thresholds.len() >= rows.len(), "{place}");
    assert!(best.ties().windows(2).all(|pair| pair[0].chosen_on.true_positives <= pair[1].chosen_on.true_positives), "{place}");
}

#[test]
fn best_thresholds_are_procs_and_the_ties_it_misses() {
    let weight = SpecificityWeight::of_costs(2.0, Prevalence::new(0.2).expect("a prevalence")).expect("a weight");
    let mut more = vec![];
    for golden in goldens() {
        for (name, curve) in golden.curves().filter(|(_, curve)| curve.get("best_youden").is_some()) {
            let (roc, place) = (Roc::of(&golden.scores(&[name])[0]), golden.place(name));
            let youden = OperatingPoints::youden(&roc);
            assert_holds(&youden, curve, &curve["best_youden"], &place);
            assert_holds(&OperatingPoints::closest_to_corner(&roc), curve, &curve["best_topleft"], &place);
            assert_holds(&OperatingPoints::least_cost(&roc, weight), curve, &curve["best_youden_cost2_prev0.2"], &place);
            for point in youden.ties() {
                let sum = estimate(point.chosen_on.sensitivity()) + estimate(point.chosen_on.specificity());
                assert_close(sum, number(&curve["best_youden"][0]["youden"]), 1e-15, 0.0, &place);
            }
            if youden.ties().len() > curve["best_youden"].as_array().expect("rows").len() {
                more.push(place);
            }
        }
    }
    assert!(more.contains(&"edge_youden_ties tie_four".to_owned()), "{more:?}");
}

#[test]
fn youden_ties_are_ties_of_counts() {
    for name in ["edge_youden_ties", "edge_youden_ties_dyadic"] {
        let golden = golden(name);
        let roc = |curve| Roc::of(&golden.scores(&[curve])[0]);
        let best = OperatingPoints::youden(&roc("tie_four"));
        assert_eq!(best.ties().len(), 4, "{name}");
        let [specific, sensitive] = [best.most_specific(), best.most_sensitive()].map(|point| point.chosen_on);
        assert!(specific.false_positives < sensitive.false_positives, "{name}");
        assert!(specific.true_positives < sensitive.true_positives, "{name}");
        let diagonal = roc("diag");
        assert_eq!(OperatingPoints::youden(&diagonal).ties().len(), diagonal.points.len(), "{name}: every point is as good");
    }
}

/// A score equal to the threshold is positive.
#[test]
fn boundary_thresholds_are_inclusive() {
    let golden = golden("edge_boundary_threshold");
    let scores = &golden.scores(&["s"])[0];
    for expected in golden.expected["rocs"]["s"]["at_threshold"].as_array().expect("rows") {
        let table = Table2x2::at(scores, Some(number(&expected["threshold"])));
        assert_eq!(table.true_positives, number(&expected["tp"]).round() as usize, "{expected}");
    }
}

/// pROC refuses infinite scores. Nobody is above +∞, and yet a threshold calls nobody positive.
#[test]
fn infinite_scores_are_called_like_others() {
    let golden = golden("edge_infinite");
    for name in ["pos_inf", "neg_inf", "fine"] {
        let scores = &golden.scores(&[name])[0];
        for point in Roc::of(scores).points {
            let table = Table2x2::at(scores, point.threshold);
            let counts = (table.true_positives, table.false_positives);
            assert_eq!(counts, (point.true_positives, point.false_positives), "{name} at {:?}", point.threshold);
        }
    }
}

#[test]
fn complete_separation_has_a_threshold_and_no_likelihood_ratio() {
    let scores = &golden("edge_separation20").scores(&["perfect"])[0];
    let best = OperatingPoints::youden(&Roc::of(scores));
    assert_eq!(best.ties().len(), 1);
    let table = best.most_sensitive().apply(scores);
    assert_eq!([table.false_positives, table.false_negatives], [0, 0]);
    let [positive, negative] =
        [LikelihoodRatio::positive(&table), LikelihoodRatio::negative(&table)].map(|ratio| ratio.expect("both classes"));
    assert_eq!((positive.value(), negative.value()), (Err(Undefined::ZeroRate), Ok(0.0)));
    assert_eq!(positive.interval(level("95")), Err(Undefined::ZeroRate));
}

/// Where pROC's interpolated curve has a threshold at the wanted rate, that is the operating point.
#[test]
fn fixed_rates_are_procs_where_it_has_a_threshold() {
    let mut checked = 0;
    for golden in goldens() {
        for (name, curve) in golden.curves() {
            let roc = Roc::of(&golden.scores(&[name])[0]);
            let rows = |rate: &str| curve.get(rate).and_then(Value::as_array).cloned().unwrap_or_default();
            let exact = |row: &Value| row["threshold"].as_f64().is_some() && row["input"].as_f64() < Some(1.0);
            for row in rows("at_specificity").iter().filter(|row| exact(row)) {
                let point = OperatingPoint::at_specificity(&roc, number(&row["input"])).expect("a rate");
                let place = golden.place(&format!("{name} {row}"));
                assert!(estimate(point.chosen_on.sensitivity()) >= number(&row["sensitivity"]), "{place}");
                assert!(estimate(point.chosen_on.specificity()) >= number(&row["input"]), "{place}");
                checked += 1;
            }
            for row in rows("at_sensitivity").iter().filter(|row| exact(row)) {
                let point = OperatingPoint::at_sensitivity(&roc, number(&row["input"])).expect("a rate");
                let place = golden.place(&format!("{name} {row}"));
                assert!(estimate(point.chosen_on.specificity()) >= number(&row["specificity"]), "{place}");
                assert!(estimate(point.chosen_on.sensitivity()) >= number(&row["input"]), "{place}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "only {checked} points");
}

#[test]
fn mcnemar_tests_agree_with_r() {
    for golden in goldens() {
        for expected in paired_tables(&golden) {
            let (counts, place) = (paired(expected), golden.place(&expected.to_string()));
            assert_close(mcnemar::exact(&counts), number(&expected["p_exact"]), 1e-12, 0.0, &place);
            assert_close(mcnemar::mid_p(&counts), number(&expected["p_mid"]), 1e-12, 0.0, &place);
            let tests = [("chisq", "p", mcnemar::asymptotic(&counts)), ("chisq_cc", "p_cc", mcnemar::corrected(&counts))];
            for (statistic, p, test) in tests {
                match (expected[statistic].as_f64(), test) {
                    (Some(want), Ok(test)) => {
                        assert_close(test.statistic, want, 1e-15, 0.0, &place);
                        assert_close(test.p, number(&expected[p]), 1e-12, 0.0, &place);
                    }
                    (want, test) => assert_eq!((want, test), (None, Err(Undefined::NoDiscordance)), "{place}"),
                }
            }
        }
    }
}

/// The tables that the reference was made from are the ones that a threshold gives.
#[test]
fn paired_counts_come_from_the_scores() {
    let golden = golden("paper110");
    for pair in golden.expected["pairs"].as_array().expect("pairs") {
        let expected = &pair["mcnemar_sensitivity"];
        let threshold = number(&expected["threshold"]);
        let [first, second] = names(pair).map(|name| golden.column(name));
        let called = |score: &str| number_of(score) >= threshold;
        let cases = golden.column("label").into_iter().zip(first.into_iter().zip(second)).filter(|(label, _)| *label == "1");
        let counts = PairedProportions::count(cases.map(|(_, (first, second))| (called(first), called(second))));
        assert_eq!(counts, paired(expected), "{}", names(pair).join(" - "));
    }
}

#[test]
fn exact_binomial_tests_agree_with_fifty_digits() {
    for row in values("exact/special_functions.json")["binomial_half"].as_array().expect("rows") {
        let (k, n) = (count(row, "k"), count(row, "n"));
        let counts = PairedProportions { only_first: k, only_second: n - k, ..PairedProportions::default() };
        assert_close(mcnemar::exact(&counts), number(&row["two_sided"]), 1e-12, 0.0, &row.to_string());
    }
}

/// scikit-learn fills in 0 where a summary is undefined; none of these sets has one but `constant` predictions.
#[test]
fn summaries_agree_with_scikit_learn() {
    let mut undefined = 0;
    for (set, curves) in values("expected/sklearn.json")["sets"].as_object().expect("sets") {
        let Some(golden) = (set != "three_class110").then(|| golden(set)) else { continue };
        for (name, expected) in curves.as_object().expect("curves") {
            let table = Table2x2::at(&golden.scores(&[name])[0], Some(number(&expected["threshold"])));
            let (confusion, place) = (Confusion::from(table), golden.place(name));
            let close =
                |got: f64, field: &str| assert_close(got, number(&expected[field]), 1e-12, 1e-15, &format!("{place} {field}"));
            close(estimate(confusion.accuracy()), "accuracy");
            close(balanced_accuracy(&confusion).expect("both classes"), "balanced_accuracy");
            close(f1(&table).expect("cases"), "f1");
            close(estimate(table.jaccard()), "jaccard");
            close(Kappa::of(&confusion, Weights::Unweighted).expect("a kappa").value, "kappa");
            match matthews(&confusion) {
                Ok(correlation) => close(correlation, "mcc"),
                Err(reason) => {
                    assert_eq!((reason, number(&expected["mcc"])), (Undefined::Constant, 0.0), "{place}");
                    undefined += 1;
                }
            }
        }
    }
    assert_eq!(undefined, 3, "likert5, likert3 and constant call everybody positive");
}
