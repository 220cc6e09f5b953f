//! What every statistic stands on: the normal law, and which data are refused.

use std::sync::Arc;

use bgh::stats::{self, InvalidReference, InvalidScores, Placements, Reference, Scores};

use crate::golden::*;

#[test]
fn normal_law_agrees_with_fifty_digits() {
    let exact = values("exact/special_functions.json");
    for row in exact["pnorm_upper"].as_array().expect("rows") {
        let z = number(&row["z"]);
        // Doubles below 2.3e-308 have fewer digits.
        assert_close(stats::normal::upper_tail(z), number(&row["p"]), 1e-12, 5e-323, &format!("tail of {z}"));
        assert_close(stats::normal::two_sided(-z), number(&row["two_sided"]), 1e-12, 5e-323, &format!("tails of {z}"));
    }
    for row in exact["qnorm"].as_array().expect("rows") {
        let p = number(&row["p"]);
        assert_close(stats::normal::quantile(p), number(&row["z"]), 1e-15, 0.0, &format!("quantile of {p}"));
    }
}

#[test]
fn one_class_only_is_an_error() {
    let golden = golden("edge_single_class");
    let is_case: Vec<bool> = golden.column("label").into_iter().map(|label| label == "1").collect();
    assert_eq!(Reference::new(is_case), Err(InvalidReference::NoControl(4)));
}

/// pROC drops missing scores; here they are refused with their row, and the caller says what is complete.
#[test]
fn missing_scores_are_refused_with_their_row() {
    let golden = golden("edge_missing");
    let known: Vec<_> = golden.rows.iter().filter(|row| &row[0] != "NA").collect();
    let reference = Arc::new(Reference::new(known.iter().map(|row| &row[0] == "1").collect()).expect("both classes"));
    let scores: Vec<f64> = known.iter().map(|row| row[1].parse().unwrap_or(f64::NAN)).collect();
    assert_eq!(Scores::new(&reference, &scores), Err(InvalidScores::NotANumber { row: 2 }));
}

#[test]
fn no_direction_is_guessed() {
    let golden = golden("edge_direction");
    let reference = golden.scores(&["equal_medians_low_auc"])[0].reference().clone();
    let scores: Vec<f64> = golden.column("lower_in_cases").into_iter().map(number_of).collect();
    let area = stats::auc(&Placements::of(&Scores::new(&reference, &scores).expect("scores")));
    assert!(area < 0.5, "{area}");
    assert_eq!(area, 1.0 - number(&golden.exact["rocs"]["lower_in_cases"]["auc"]));
}
