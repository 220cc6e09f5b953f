//! Sample size and power against pROC's `power.roc.test`.

use bgh::stats::Undefined;
use bgh::stats::power::{
    NormalTest, NullVariance, Power, Sides, Significance, area_width, detectable_area, hanley_mcneil, one_area, two_areas,
};
use serde_json::Value;

use crate::golden::*;

fn two_sided(alpha: f64) -> Significance {
    Significance::new(alpha, Sides::Two).expect("a level")
}

fn power(probability: f64) -> Power {
    Power::new(probability).expect("a power")
}

/// Every row leaves out what it asks for.
#[test]
fn one_area_agrees_with_proc() {
    for row in values("expected/power.json")["one_curve"].as_array().expect("rows") {
        let (args, result, place) = (&row["args"], &row["result"], row.to_string());
        let given = |field: &str| args.get(field).and_then(Value::as_f64);
        let sides = if args["alternative"] == "one.sided" { Sides::One } else { Sides::Two };
        let (cases, ratio) = match (given("ncases"), given("ncontrols")) {
            (Some(cases), Some(controls)) => (Some(cases), controls / cases),
            _ => (None, given("kappa").expect("a ratio")),
        };
        let test = |auc: Option<f64>| one_area(auc.expect("an area"), ratio).expect("a test");
        let level = |alpha: Option<f64>| Significance::new(alpha.expect("a level"), sides).expect("a level");
        match (cases, given("auc"), given("sig.level"), given("power")) {
            (None, auc, alpha, Some(wanted)) => {
                let cases = test(auc).cases(level(alpha), power(wanted));
                assert_close(cases, number(&result["ncases"]), 1e-12, 0.0, &place);
                assert_close(ratio * cases, number(&result["ncontrols"]), 1e-12, 0.0, &place);
            }
            (Some(cases), None, alpha, Some(wanted)) => {
                let auc = detectable_area(cases, ratio * cases, level(alpha), power(wanted)).expect("an area");
                // pROC's search stops within 6e-5.
                assert_close(auc, number(&result["auc"]), 1e-4, 0.0, &place);
                assert_close(test(Some(auc)).power(level(alpha), cases), wanted, 1e-12, 0.0, &place);
            }
            (Some(cases), auc, None, Some(wanted)) => {
                let level = test(auc).significance(sides, power(wanted), cases).expect("a level");
                assert_close(level.alpha(), number(&result["sig.level"]), 1e-12, 0.0, &place);
            }
            (Some(cases), auc, alpha, None) => {
                assert_close(test(auc).power(level(alpha), cases), number(&result["power"]), 1e-12, 0.0, &place);
            }
            _ => panic!("{place}"),
        }
    }
}

/// The tests of both conventions, and of the first with the curves exchanged.
fn tests(expected: &Value) -> [Result<NormalTest, Undefined>; 4] {
    let curves = golden("paper110").placements(&names(expected));
    let (forth, back) = (pair_of(&curves), bgh::stats::Pair::new(&curves[1], &curves[0]).expect("the same subjects"));
    [
        two_areas(&forth, NullVariance::OfFirst),
        two_areas(&back, NullVariance::OfFirst),
        two_areas(&forth, NullVariance::OfDifference),
        two_areas(&back, NullVariance::OfDifference),
    ]
}

#[test]
fn two_areas_agree_with_proc_in_its_convention() {
    for expected in values("expected/power.json")["two_curves_delong_paper110"].as_array().expect("rows") {
        let (place, [test, swapped, ..]) = (names(expected).join(" - "), tests(expected));
        let test = test.expect(&place);
        assert_close(test.power(two_sided(0.05), 55.0), number(&expected["power_at_observed_n"]), 1e-11, 0.0, &place);
        let cases = test.cases(two_sided(0.05), power(0.9));
        assert_close(cases, number(&expected["ncases_for_power0.9"]), 1e-11, 0.0, &place);
        assert_close(cases, number(&expected["ncontrols_for_power0.9"]), 1e-11, 0.0, &place);
        match (test.significance(Sides::Two, power(0.9), 55.0), number(&expected["sig_level_for_power0.9"])) {
            (Ok(level), alpha) => assert_close(level.alpha(), alpha, 1e-11, 0.0, &place),
            // pROC's level of 1.4.
            (Err(reason), alpha) => assert!(reason == Undefined::Unreachable && alpha > 1.0, "{place}: {reason}"),
        }
        match (swapped, expected["ncases_swapped_order"].as_f64()) {
            (Ok(test), Some(cases)) => assert_close(test.cases(two_sided(0.05), power(0.9)), cases, 1e-11, 0.0, &place),
            (test, cases) => assert_eq!((test, cases), (Err(Undefined::NegativeVariance), None), "{place}"),
        }
    }
}

/// (z_α + z_β)² m var(d)/d², whichever curve comes first.
#[test]
fn the_symmetric_convention_does_not_mind_the_order() {
    for expected in values("expected/power.json")["two_curves_delong_paper110"].as_array().expect("rows") {
        let (place, [.., forth, back]) = (names(expected).join(" - "), tests(expected));
        assert_eq!(forth, back, "{place}");
        let curves = golden("paper110").placements(&names(expected));
        let z = pair_of(&curves).test().expect("a test").z;
        let quantiles = two_sided(0.05).critical() + power(0.9).critical();
        let cases = forth.expect(&place).cases(two_sided(0.05), power(0.9));
        assert_close(cases, 55.0 * (quantiles / z).powi(2), 1e-12, 0.0, &place);
    }
}

/// The variance is the reference's; a size suffices and one case less does not.
#[test]
fn hanley_and_mcneils_sizes_are_the_least() {
    for (auc, ratio) in [(0.65, 1.0), (0.75, 2.0), (0.9, 0.5)] {
        let cases = hanley_mcneil::cases(auc, ratio, two_sided(0.05), power(0.9)).expect("a size");
        let power_of = |cases: usize| {
            let controls = (ratio * cases as f64).ceil() as usize;
            hanley_mcneil::power(auc, cases, controls, two_sided(0.05)).expect("a power")
        };
        assert!(power_of(cases) >= 0.9 && power_of(cases - 1) < 0.9, "{auc}: {cases}");
    }
}

#[test]
fn an_areas_width_is_that_of_the_references_interval() {
    for golden in ["paper110", "prob400", "ties110"].map(golden) {
        for (name, curve) in golden.curves() {
            let limits = numbers(&curve["hanley_mcneil"]["ci95_unclipped"]);
            let (auc, m, n) = (number(&curve["auc"]), number(&curve["n_cases"]), number(&curve["n_controls"]));
            if auc == 1.0 {
                continue;
            }
            let cases = area_width(auc, n / m, (limits[1] - limits[0]) * (1.0 + 1e-12), level("95")).expect("a size");
            assert_eq!(cases as f64, m, "{}", golden.place(name));
        }
    }
}

#[test]
fn what_cannot_be_planned_is_undefined() {
    assert_eq!(one_area(0.5, 1.0), Err(Undefined::NoEffect));
    assert_eq!(one_area(1.0, 1.0), Err(Undefined::OutOfRange));
    assert_eq!(one_area(0.8, 0.0), Err(Undefined::OutOfRange));
    assert_eq!(detectable_area(2.0, 2.0, two_sided(0.001), power(0.99)), Err(Undefined::Unreachable));
    assert_eq!(hanley_mcneil::cases(0.5, 1.0, two_sided(0.05), power(0.9)), Err(Undefined::NoEffect));
    assert_eq!(hanley_mcneil::cases(0.50001, 1.0, two_sided(0.05), power(0.9)), Err(Undefined::Unreachable));
    assert!(Power::new(1.0).is_err() && Significance::new(0.0, Sides::One).is_err());
    let degenerate = golden("edge_degenerate_2_5").placements(&["a", "b"]);
    assert_eq!(two_areas(&pair_of(&degenerate), NullVariance::OfDifference), Err(Undefined::NoVariance));
    let equal = golden("edge_separation20").placements(&["perfect", "perfect_copy"]);
    assert_eq!(two_areas(&pair_of(&equal), NullVariance::OfDifference), Err(Undefined::NoEffect));
}
