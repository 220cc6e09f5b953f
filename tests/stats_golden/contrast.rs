//! Differences of areas.

use bgh::seed::Seed;
use bgh::stats::{self, Basis, Exchange, Joint, Margin, Undefined, Venkatraman};
use serde_json::Value;

use crate::golden::*;

#[test]
fn paired_tests_agree_with_exact_arithmetic() {
    for golden in goldens() {
        for (_, exact) in golden.pairs() {
            let (curves, place) = (golden.placements(&names(exact)), golden.place(&names(exact).join(" - ")));
            let pair = pair_of(&curves);
            assert_eq!(pair.difference(), number(&exact["difference"]), "{place}");
            let Some(variance) = exact.get("var_difference") else {
                assert!(pair.test().is_err(), "{place}");
                continue;
            };
            assert_close(pair.variance().expect("a variance"), number(variance), 5e-16, 0.0, &place);
            assert_close(stats::delong::covariance(&pair).expect("a covariance"), number(&exact["cov"]), 5e-16, 0.0, &place);
            match (exact["z"].as_f64(), pair.test()) {
                (Some(z), Ok(test)) => {
                    assert_eq!(test.basis, Basis::Normal, "{place}");
                    assert_close(test.z, z, 1e-15, 0.0, &place);
                    assert_close(test.p, number(&exact["p_two_sided"]), 2e-12, 0.0, &place);
                }
                (None, Ok(test)) => assert_eq!((test.basis, pair.difference()), (Basis::IdenticalRanking, 0.0), "{place}"),
                (z, test) => assert_eq!((z, test), (None, Err(Undefined::NoVariance)), "{place}"),
            }
        }
    }
}

#[test]
fn paired_tests_and_their_intervals_agree_with_proc() {
    for golden in goldens() {
        for (expected, exact) in golden.pairs() {
            let curves = golden.placements(&names(expected));
            let (pair, place) = (pair_of(&curves), golden.place(&names(expected).join(" - ")));
            assert_close(pair.difference(), number(&expected["difference"]), 1e-11, 1e-14, &place);
            if let Some(complete) = expected.get("n_complete") {
                assert_eq!(complete.as_u64(), Some(curves[0].reference().subjects() as u64), "{place}");
            }
            let Ok(test) = pair.test() else {
                // pROC's z is rounding noise, infinite or NaN here.
                assert!(exact["z"].is_string() || expected["z"] == "NaN", "{place}");
                continue;
            };
            assert_close(test.z, number(&expected["z"]), 1e-11, 1e-14, &place);
            assert_close(test.p, number(&expected["p_two_sided"]), 1e-11, 1e-14, &place);
            for percent in ["90", "95"] {
                let interval = pair.interval(level(percent)).expect("an interval");
                let limits = numbers(&expected[format!("diff_ci{percent}")]);
                assert_close(interval.lower, limits[0], 1e-11, 1e-14, &place);
                assert_close(interval.upper, limits[1], 1e-11, 1e-14, &place);
            }
        }
    }
}

#[test]
fn two_perfect_or_identical_curves_are_equal_by_convention() {
    let golden = golden("edge_separation20");
    for pair in [["perfect", "ulp_gap"], ["perfect", "perfect_copy"]] {
        let curves = golden.placements(&pair);
        let test = pair_of(&curves).test().expect("a convention");
        assert_eq!((test.z, test.p, test.basis), (0.0, 1.0, Basis::IdenticalRanking));
        let interval = pair_of(&curves).interval(level("95")).expect("an interval");
        assert_eq!((interval.lower, interval.upper), (0.0, 0.0));
    }
}

/// pROC: Z = Inf, p = 0, interval 0.5-0.5 or 1-1, no warning.
#[test]
fn perfect_against_constant_or_reversed_is_no_case_for_delong() {
    let golden = golden("edge_separation20");
    for (second, difference) in [("constant", 0.5), ("reversed", 1.0)] {
        let curves = golden.placements(&["perfect", second]);
        let pair = pair_of(&curves);
        assert_eq!((pair.difference(), pair.variance()), (difference, Ok(0.0)));
        assert_eq!((pair.test(), pair.interval(level("95"))), (Err(Undefined::NoVariance), Err(Undefined::NoVariance)));
    }
}

/// pROC: standard error 1.9e-9 and Z = 2.7e8, or NaN, whichever way the rounding falls.
#[test]
fn differences_without_variance_are_no_case_for_delong() {
    for name in ["edge_degenerate_2_5", "edge_degenerate_3_3", "edge_degenerate_2_7"] {
        let golden = golden(name);
        let curves = golden.placements(&["a", "b"]);
        assert_eq!((pair_of(&curves).variance(), pair_of(&curves).test()), (Ok(0.0), Err(Undefined::NoVariance)), "{name}");
    }
}

#[test]
fn one_sided_tests_and_margins_agree_with_proc() {
    for golden in goldens() {
        for (expected, _) in golden.pairs() {
            let curves = golden.placements(&names(expected));
            let (pair, place) = (pair_of(&curves), golden.place(&names(expected).join(" - ")));
            let Ok(test) = pair.test() else { continue };
            assert_close(test.p_less(), number(&expected["p_less"]), 1e-11, 1e-14, &place);
            assert_close(test.p_greater(), number(&expected["p_greater"]), 1e-11, 1e-14, &place);
            let margin = Margin::new(0.05).expect("a margin");
            let wanted = &expected["noninferiority_margin0.05"];
            match stats::noninferiority(&pair, margin) {
                Ok(test) => {
                    assert_close(test.z, number(&wanted["z"]), 1e-11, 1e-14, &place);
                    assert_close(test.p_greater(), number(&wanted["p"]), 1e-10, 1e-14, &place);
                }
                Err(reason) => assert_eq!((reason, &wanted["z"]), (Undefined::NoVariance, &"Inf".into()), "{place}"),
            }
        }
    }
}

/// Two one-sided tests at 0.05 reject together where the 90 % interval lies within the margin.
#[test]
fn equivalence_is_an_interval_within_the_margin() {
    let mut decided = [0; 2];
    for golden in goldens() {
        for (expected, _) in golden.pairs() {
            let curves = golden.placements(&names(expected));
            for difference in [0.02, 0.1, 0.3, 0.6] {
                let (pair, margin) = (pair_of(&curves), Margin::new(difference).expect("a margin"));
                let Ok(tests) = stats::equivalence(&pair, margin) else { continue };
                let interval = pair.interval(level("90")).expect("an interval");
                let within = interval.lower > -difference && interval.upper < difference;
                assert_eq!(tests.p() < 0.05, within, "{} {difference}", golden.place(&names(expected).join(" - ")));
                decided[usize::from(within)] += 1;
            }
        }
    }
    assert!(decided.iter().all(|&count| count > 50), "{decided:?}");
    assert!([0.0, -0.05, 1.0, f64::NAN].into_iter().all(|margin| Margin::new(margin).is_err()));
}

#[test]
fn tests_on_independent_subjects_agree_with_proc() {
    for row in values("expected/unpaired.json")["tests"].as_array().expect("tests") {
        let [first, second] = [&row["first"], &row["second"]].map(|side| {
            let name = |index: usize| side[index].as_str().expect("a name");
            golden(name(0)).placements(&[name(1)]).remove(0)
        });
        let place = row.to_string();
        match stats::independent(&first, &second) {
            Ok(test) => {
                assert_close(test.t, number(&row["D"]), 1e-12, 1e-14, &place);
                assert_close(test.freedom, number(&row["df"]), 1e-12, 0.0, &place);
                assert_close(test.two_sided(), number(&row["p_two_sided"]), 1e-11, 0.0, &place);
                assert_close(test.greater(), number(&row["p_greater"]), 1e-11, 0.0, &place);
                assert_close(test.less(), number(&row["p_less"]), 1e-11, 0.0, &place);
            }
            // pROC: NaN, and for two perfect curves a warning that p is 1.
            Err(reason) => {
                let expected = if first.reference().cases() == 1 { Undefined::OneCase } else { Undefined::NoVariance };
                assert_eq!((reason, &row["D"]), (expected, &"NaN".into()), "{place}");
            }
        }
    }
}

#[test]
fn joint_tests_agree_with_delongs_chi_square() {
    let mut checked = 0;
    for golden in goldens() {
        for row in golden.expected["global_tests"].as_array().into_iter().flatten() {
            let names: Vec<&str> = row["curves"].as_array().expect("curves").iter().filter_map(Value::as_str).collect();
            let (curves, place) = (golden.placements(&names), golden.place(&names.join(" ")));
            // Whatever curve is the first, the contrasts span the same.
            for first in 0..curves.len() {
                let others: Vec<_> = (0..curves.len()).filter(|&other| other != first).map(|other| &curves[other]).collect();
                let test = Joint::new(&curves[first], &others).expect("the same subjects").test().expect("a test");
                assert_eq!(Some(test.rank as u64), row["df"].as_u64(), "{place}");
                assert_close(test.statistic, number(&row["chisq"]), 1e-11, 0.0, &place);
                assert_close(test.p, number(&row["p"]), 1e-10, 0.0, &place);
            }
            checked += 1;
        }
    }
    assert!(checked >= 4, "only {checked} joint tests");
}

#[test]
fn joint_test_of_two_curves_is_the_paired_one() {
    let golden = golden("paper110");
    let curves = golden.placements(&["alexnet_pretrained", "googlenet_pretrained"]);
    let joint = Joint::new(&curves[0], &[&curves[1]]).expect("the same subjects").test().expect("a test");
    let paired = pair_of(&curves).test().expect("a test");
    assert_close(joint.statistic, paired.z * paired.z, 1e-13, 0.0, "z²");
    assert_close(joint.p, paired.p, 1e-12, 0.0, "p");
}

#[test]
fn curves_of_one_ranking_add_no_degree_of_freedom() {
    let golden = golden("edge_separation20");
    let curves = golden.placements(&["noisy", "perfect", "perfect_copy", "ulp_gap", "one_error"]);
    let others: Vec<_> = curves.iter().skip(1).collect();
    let test = Joint::new(&curves[0], &others).expect("the same subjects").test().expect("a test");
    assert_eq!(test.rank, 2);
    let fewer = Joint::new(&curves[0], &[&curves[1], &curves[4]]).expect("the same subjects").test().expect("a test");
    assert_close(test.statistic, fewer.statistic, 1e-12, 0.0, "T");
    let same = Joint::new(&curves[1], &[&curves[2], &curves[3]]).expect("the same subjects").test().expect("a convention");
    assert_eq!((same.statistic, same.rank, same.p), (0.0, 0, 1.0));
    let constant = golden.placements(&["perfect", "constant"]);
    let test = Joint::new(&constant[0], &[&constant[1]]).expect("the same subjects").test();
    assert_eq!(test, Err(Undefined::NoVariance));
}

#[test]
fn clustered_paired_test_agrees_with_obuchowskis_formula() {
    for name in ["slices60", "slices12"] {
        let (sliced, exact) = (Sliced::open(name), values(&format!("exact/{name}.json")));
        let pair = pair_of(&sliced.curves);
        let clustered = pair.clustered(&sliced.clusters).expect("clusters");
        let test = pair.test_clustered(&clustered).expect("a test");
        assert_close(pair.difference(), number(&exact["difference"]), 1e-15, 0.0, name);
        assert_close(test.z, number(&exact["z"]), 1e-13, 0.0, name);
        assert_close(test.p, number(&exact["p_two_sided"]), 1e-12, 0.0, name);
    }
}

#[test]
fn exact_permutation_tests_agree_with_full_enumeration() {
    let rows = values("exact/permutation.json");
    for row in rows.as_array().expect("rows") {
        let golden = golden(row["dataset"].as_str().expect("a set"));
        let scores = golden.scores(&names(row));
        let test = Exchange::new(&scores[0], &scores[1]).expect("the same subjects").test(&Seed::root(1), 1);
        assert!(test.exact, "{row}");
        assert_eq!([Some(test.extreme), Some(test.total)], [row["extreme"].as_u64(), row["total"].as_u64()], "{row}");
        assert_eq!(test.p(), number(&row["p"]), "{row}");
    }
}

/// What DeLong's test cannot say of differences without variance, the permutation test can.
#[test]
fn permutation_tests_stand_in_where_delong_does_not_apply() {
    let golden = golden("edge_separation20");
    let scores = golden.scores(&["perfect", "reversed"]);
    let exchange = Exchange::new(&scores[0], &scores[1]).expect("the same subjects");
    let test = exchange.test(&Seed::root(2017), 2000);
    assert!(test.p() < 0.01, "{test:?}");
}

#[test]
fn random_exchanges_come_near_delong_and_do_not_depend_on_threads() {
    let golden = golden("paper110");
    let names = ["alexnet_untrained_aug", "alexnet_pretrained_aug"];
    let (scores, curves) = (golden.scores(&names), golden.placements(&names));
    let exchange = Exchange::new(&scores[0], &scores[1]).expect("the same subjects");
    let test = exchange.test(&Seed::root(2017), 4000);
    assert!(!test.exact && test.total == 4001);
    let delong = pair_of(&curves).test().expect("a test").p;
    assert_close(test.p(), delong, 0.0, 0.02, "p");
    assert_eq!(
        on_threads(1, || exchange.test(&Seed::root(2017), 4000)),
        on_threads(2, || exchange.test(&Seed::root(2017), 4000))
    );
}

#[test]
fn venkatraman_statistics_agree_with_proc() {
    let mut checked = 0;
    for golden in goldens() {
        for (expected, _) in golden.pairs() {
            let Some(wanted) = expected.get("venkatraman_E_ties_first").and_then(Value::as_u64) else { continue };
            let directions = names(expected).map(|name| golden.expected["rocs"][name]["direction"] == ">");
            if directions.contains(&true) {
                // pROC ignores directions here.
                continue;
            }
            let scores = golden.scores(&names(expected));
            let test = Venkatraman::new(&scores[0], &scores[1]).expect("the same subjects");
            assert_eq!(test.statistic(), wanted, "{}", golden.place(&names(expected).join(" - ")));
            checked += 1;
        }
    }
    assert!(checked >= 28, "only {checked} statistics");
}

#[test]
fn venkatraman_tells_equal_curves_from_different_ones() {
    let golden = golden("paper110");
    let p = |names: [&str; 2]| {
        let scores = golden.scores(&names);
        Venkatraman::new(&scores[0], &scores[1]).expect("the same subjects").test(&Seed::root(2017), 1000).p()
    };
    assert_eq!(p(["alexnet_pretrained", "alexnet_pretrained"]), 1.0);
    assert!(p(["alexnet_untrained", "googlenet_pretrained_aug"]) < 0.01);
    assert!(p(["alexnet_pretrained_aug", "alexnet_pretrained"]) < 0.2);
}
