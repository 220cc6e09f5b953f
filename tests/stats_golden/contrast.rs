//! Differences of areas.

use bgh::stats::{self, Basis, Undefined};

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
