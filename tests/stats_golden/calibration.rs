//! Calibration against R: closed formulas, and `glm` for the logistic models.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bgh::stats::calibration::{
    Binning, Coefficient, ObservedExpected, Reliability, brier, brier_skill, in_the_large, log_loss, slope, spiegelhalter,
};
use bgh::stats::decision::decision_curve;
use bgh::stats::{Probabilities, Reference, Undefined};
use serde_json::Value;

use crate::golden::*;
use crate::proportion::count;

const SETS: [&str; 2] = ["paper110", "prob400"];
const TEN: NonZeroUsize = NonZeroUsize::new(10).expect("ten");

fn probabilities(golden: &Golden, curve: &str) -> Probabilities {
    let is_case = golden.column("label").into_iter().map(|label| label == "1").collect();
    let values: Vec<f64> = golden.column(curve).into_iter().map(number_of).collect();
    Probabilities::new(&Arc::new(Reference::new(is_case).expect("both classes")), &values).expect("probabilities")
}

/// Every curve with its calibration block: thirteen, some certain of what they say, one separating the classes.
fn for_each(check: impl Fn(&Probabilities, &Value, &str)) {
    let mut checked = 0;
    for golden in SETS.map(golden) {
        for (name, curve) in golden.curves().filter(|(_, curve)| curve.get("calibration").is_some()) {
            check(&probabilities(&golden, name), &curve["calibration"], &golden.place(name));
            checked += 1;
        }
    }
    assert_eq!(checked, 13);
}

#[test]
fn scores_and_sums_agree_with_r() {
    for_each(|probabilities, expected, place| {
        let close =
            |got: f64, field: &str| assert_close(got, number(&expected[field]), 1e-12, 1e-15, &format!("{place} {field}"));
        close(brier(probabilities), "brier");
        close(brier_skill(probabilities), "brier_skill");
        let ratio = ObservedExpected::of(probabilities).expect("some are expected");
        close(ratio.ratio(), "oe_ratio");
        close(ratio.observed.estimate(), "prevalence");
        close(ratio.expected / number(&expected["n"]), "mean_predicted");
    });
}

#[test]
fn calibration_errors_agree_with_r() {
    for_each(|probabilities, expected, place| {
        let close =
            |got: f64, field: &str| assert_close(got, number(&expected[field]), 1e-12, 1e-15, &format!("{place} {field}"));
        let width = Reliability::of(probabilities, Binning::EqualWidth(TEN));
        close(width.expected_error(), "ece_equal_width_10");
        close(width.largest_error(), "mce_equal_width_10");
        close(Reliability::of(probabilities, Binning::EqualMass(TEN)).expected_error(), "ece_equal_mass_10");
    });
}

/// The reference clips at 2e-16 where a probability is certain and wrong; here that is undefined.
#[test]
fn log_loss_agrees_with_r_where_it_is_finite() {
    for_each(|probabilities, expected, place| match log_loss(probabilities) {
        Ok(loss) => assert_close(loss, number(&expected["log_loss_clip_eps"]), 1e-12, 1e-15, place),
        Err(reason) => {
            assert_eq!(reason, Undefined::CertainAndWrong);
            assert!(probabilities.outcomes().any(|(p, case)| p == f64::from(u8::from(!case))), "{place}");
        }
    });
}

#[test]
fn spiegelhalters_test_agrees_with_r() {
    for_each(|probabilities, expected, place| {
        let test = spiegelhalter(probabilities).expect("a test");
        assert_close(test.z, number(&expected["spiegelhalter_z"]), 1e-12, 0.0, place);
        assert_close(test.two_sided(), number(&expected["spiegelhalter_p"]), 1e-11, 0.0, place);
    });
}

fn assert_coefficient(got: Coefficient, value: &Value, error: &Value, relative: [f64; 2], place: &str) {
    assert_close(got.value, number(value), relative[0], 0.0, place);
    assert_close(got.variance.sqrt(), number(error), relative[1], 0.0, place);
}

fn assert_models(probabilities: &Probabilities, expected: &Value, relative: [f64; 2], place: &str) {
    if let Some(expected) = expected.get("calibration_slope").filter(|model| model.get("slope").is_some()) {
        let model = slope(probabilities).expect(place);
        assert_coefficient(model.intercept, &expected["intercept"], &expected["se_intercept"], relative, place);
        assert_coefficient(model.slope, &expected["slope"], &expected["se_slope"], relative, place);
    }
    if let Some(expected) = expected.get("calibration_in_the_large") {
        let large = in_the_large(probabilities).expect(place);
        assert_coefficient(large, &expected["intercept"], &expected["se"], relative, place);
    }
}

/// R takes its standard errors from the step before the last: 4e-8 from the maximum.
#[test]
fn logistic_models_agree_with_glm() {
    for_each(|probabilities, expected, place| assert_models(probabilities, expected, [1e-9, 1e-7], place));
}

#[test]
fn logistic_models_agree_with_forty_digits() {
    for (set, curves) in values("exact/calibration.json").as_object().expect("sets") {
        let golden = golden(set);
        for (name, expected) in curves.as_object().expect("curves") {
            assert_models(&probabilities(&golden, name), expected, [1e-12; 2], &golden.place(name));
        }
    }
}

#[test]
fn certainty_and_separation_have_no_logistic_model() {
    for_each(|probabilities, expected, place| {
        if expected.get("calibration_slope").is_none_or(|model| model.get("slope").is_none()) {
            let reason = slope(probabilities).expect_err(place);
            assert!(matches!(reason, Undefined::InfiniteLogOdds | Undefined::Separation), "{place}: {reason}");
        }
    });
}

#[test]
fn net_benefit_agrees_with_r() {
    for_each(|probabilities, expected, place| {
        let rows = expected["net_benefit"].as_array().expect("rows");
        let thresholds: Vec<f64> = rows.iter().map(|row| number(&row["threshold"])).collect();
        for (got, row) in decision_curve(probabilities, &thresholds).expect("risks").iter().zip(rows) {
            assert_eq!((got.table.true_positives, got.table.false_positives), (count(row, "tp"), count(row, "fp")), "{place}");
            assert_close(got.model, number(&row["net_benefit"]), 1e-12, 1e-15, place);
            assert_close(got.all, number(&row["treat_all"]), 1e-12, 1e-15, place);
        }
    });
}
