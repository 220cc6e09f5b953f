//! Three classes against pROC (`multiclass.roc`, curves class by class) and scikit-learn.

use bgh::stats::decision::{Kappa, Weights, balanced_accuracy, macro_f1, matthews};
use bgh::stats::multiclass::{ClassScores, OneVsOne, OneVsRest, brier};
use bgh::stats::{Interval, auc, delong};
use serde_json::Value;

use crate::golden::*;

const CLASSES: [&str; 3] = ["none", "right", "left"];

/// The classes in the order of `CLASSES`, their softmax probabilities, and pROC's values.
fn three_classes() -> (ClassScores, Value) {
    let (rows, header) = table("data/three_class110.csv");
    let column = |name: &str| {
        let column = header.iter().position(|title| title == name).expect("a column");
        rows.iter().map(move |row| row[column].to_owned())
    };
    let truths = column("class").map(|class| CLASSES.iter().position(|&name| name == class).expect("a class")).collect();
    let scores = CLASSES.map(|class| column(class).map(|score| number_of(&score)).collect()).to_vec();
    (ClassScores::new(truths, scores).expect("class scores"), values("expected/three_class110.json"))
}

fn close(got: f64, want: &Value, place: &str) {
    assert_close(got, number(want), 1e-12, 0.0, place);
}

#[test]
fn one_vs_rest_agrees_with_proc_class_by_class() {
    let (scores, expected) = three_classes();
    let rest = OneVsRest::of(&scores);
    for (curve, expected) in rest.curves().iter().zip(expected["one_vs_rest"].as_array().expect("classes")) {
        let place = expected["class"].as_str().expect("a class");
        assert_eq!(expected["n"].as_u64(), Some(curve.reference().cases() as u64), "{place}");
        close(auc(curve), &expected["auc"], place);
        let variance = delong::variance(curve).expect("a variance");
        close(variance, &expected["var_delong"], place);
        let interval = Interval::normal(auc(curve), variance, level("95"));
        assert_close(interval.lower, numbers(&expected["ci95"])[0], 1e-12, 0.0, place);
        assert_close(interval.upper, numbers(&expected["ci95"])[2], 1e-12, 0.0, place);
    }
    close(rest.macro_average(), &expected["ovr_macro"], "macro");
    close(rest.weighted_average(), &expected["ovr_weighted_by_prevalence"], "weighted");
    close(rest.micro_average(), &expected["ovr_micro"], "micro");
}

#[test]
fn one_vs_one_is_hand_and_till() {
    let (scores, expected) = three_classes();
    let one = OneVsOne::of(&scores);
    for (pair, expected) in one.pairs.iter().zip(expected["one_vs_one"].as_array().expect("pairs")) {
        let place = expected["classes"].to_string();
        assert_eq!(serde_json::json!(pair.classes.map(|class| CLASSES[class])), expected["classes"]);
        assert_eq!(expected["n"].as_u64(), Some(pair.subjects as u64), "{place}");
        close(pair.areas[0], &expected["auc_first"], &place);
        close(pair.areas[1], &expected["auc_second"], &place);
        close(pair.mean(), &expected["mean"], &place);
    }
    close(one.hand_till(), &expected["hand_till_pROC_multivariate"], "Hand & Till");
    close(one.hand_till(), &expected["ovo_macro"], "macro");
    close(one.weighted_average(), &expected["ovo_weighted_by_pair_size"], "weighted");
}

#[test]
fn averages_and_predicted_classes_agree_with_scikit_learn() {
    let (scores, _) = three_classes();
    let expected = &values("expected/sklearn.json")["sets"]["three_class110"];
    let (rest, one, confusion) = (OneVsRest::of(&scores), OneVsOne::of(&scores), scores.confusion());
    close(rest.macro_average(), &expected["ovr_macro"], "ovr macro");
    close(rest.weighted_average(), &expected["ovr_weighted"], "ovr weighted");
    close(one.hand_till(), &expected["ovo_macro"], "ovo macro");
    close(one.weighted_average(), &expected["ovo_weighted"], "ovo weighted");
    close(macro_f1(&confusion).expect("classes"), &expected["macro_f1"], "F1");
    close(balanced_accuracy(&confusion).expect("classes"), &expected["balanced_accuracy"], "balanced accuracy");
    close(matthews(&confusion).expect("classes"), &expected["mcc"], "Matthews");
    close(Kappa::of(&confusion, Weights::Unweighted).expect("classes").value, &expected["kappa"], "kappa");
}

#[test]
fn predicted_classes_and_brier_score_are_the_references() {
    let (scores, expected) = three_classes();
    let confusion = scores.confusion();
    let rows: Vec<Vec<usize>> = (0..3).map(|truth| (0..3).map(|predicted| confusion.get(truth, predicted)).collect()).collect();
    assert_eq!(serde_json::json!(rows), expected["confusion_rows_truth_cols_predicted"]);
    let accuracy = confusion.accuracy().expect("subjects");
    assert_eq!((accuracy.hits(), accuracy.trials()), (80, 110));
    close(brier(&scores), &expected["brier_multiclass_sum_over_classes"], "Brier");
}

/// Haemorrhage or not, from the probabilities of its sides.
#[test]
fn classes_collapse_by_adding_their_probabilities() {
    let (scores, expected) = three_classes();
    let expected = &expected["collapsed_haemorrhage"];
    let truths: Vec<usize> = scores.truths().iter().map(|&truth| usize::from(truth != 0)).collect();
    let sides = || scores.scores(1).iter().zip(scores.scores(2));
    let area = |haemorrhage: Vec<f64>| {
        let none = haemorrhage.iter().map(|score| -score).collect();
        let collapsed = ClassScores::new(truths.clone(), vec![none, haemorrhage]).expect("class scores");
        OneVsRest::of(&collapsed).areas()[1]
    };
    close(area(sides().map(|(right, left)| right + left).collect()), &expected["right_plus_left"], "sum");
    close(area(sides().map(|(right, left)| right.max(*left)).collect()), &expected["max_right_left"], "max");
    close(area(scores.scores(0).iter().map(|none| 1.0 - none).collect()), &expected["one_minus_none"], "one minus none");
}

#[test]
fn the_joint_covariance_has_delongs_variances() {
    let rest = OneVsRest::of(&three_classes().0);
    let covariance = rest.covariance().expect("a covariance");
    for (class, curve) in rest.curves().iter().enumerate() {
        let place = CLASSES[class];
        assert_close(covariance[class][class], delong::variance(curve).expect("a variance"), 1e-13, 0.0, place);
        for other in 0..3 {
            assert_eq!(covariance[class][other], covariance[other][class], "{place}");
            assert!(covariance[class][other].powi(2) <= covariance[class][class] * covariance[other][other], "{place}");
        }
    }
    let mean: f64 = covariance.iter().flatten().sum::<f64>() / 9.0;
    assert_close(rest.macro_variance().expect("a variance"), mean, 1e-15, 0.0, "macro");
}
