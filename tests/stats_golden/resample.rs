//! Resampling: loosely against another generator's replicates, exactly against itself.

use std::sync::Arc;

use bgh::seed::Seed;
use bgh::stats::resample::{Bootstrap, Sampling};
use bgh::stats::{self, Clustered, Reference, Undefined};

use crate::golden::*;

fn stratified(reference: &Arc<Reference>, replicates: u32) -> Bootstrap {
    Bootstrap { sampling: Sampling::stratified(reference), seed: Seed::root(2017), replicates }
}

/// Two samples of 2000 replicates differ by chance: each limit by less than 0.02, the variance by less than 15 %. With seven cases the
/// limits are coarser.
#[test]
fn stratified_replicates_come_near_those_of_proc() {
    let mut checked = 0;
    for golden in goldens() {
        for (name, expected) in golden.curves().filter(|(_, curve)| curve.get("bootstrap_ballpark").is_some()) {
            let (expected, place) = (&expected["bootstrap_ballpark"], golden.place(name));
            let scores = &golden.scores(&[name])[0];
            let replicates = stratified(scores.reference(), 2000).areas(scores).expect("its subjects");
            if number(&expected["variance"]) == 0.0 {
                assert_eq!(replicates.percentile(level("95")), Err(Undefined::DegenerateReplicates), "{place}");
                assert_eq!(replicates.variance(), Err(Undefined::DegenerateReplicates), "{place}");
                continue;
            }
            let interval = replicates.percentile(level("95")).expect("an interval");
            let (limits, apart) = (numbers(&expected["ci95"]), if scores.reference().cases() > 10 { 0.02 } else { 0.03 });
            assert_close(interval.lower, limits[0], 0.0, apart, &place);
            assert_close(interval.upper, limits[2], 0.0, apart, &place);
            assert_close(replicates.variance().expect("a variance"), number(&expected["variance"]), 0.15, 0.0, &place);
            assert_eq!(replicates.lost(), 0, "{place}");
            checked += 1;
        }
    }
    assert!(checked >= 10, "only {checked} curves");
}

#[test]
fn threads_decide_nothing() {
    let scores = &golden("paper110").scores(&["googlenet_pretrained"])[0];
    let bootstrap = stratified(scores.reference(), 1000);
    let areas = || bootstrap.areas(scores).expect("its subjects");
    assert_eq!(on_threads(1, areas), on_threads(2, areas));
    let other = Bootstrap { seed: Seed::root(2018), ..bootstrap.clone() };
    assert_ne!(areas(), other.areas(scores).expect("its subjects"));
}

/// Near 1 the sampling law of the area leans to the left, and so does an interval that is corrected for it.
#[test]
fn bca_leans_where_the_area_is_skewed_and_not_where_it_is_symmetric() {
    let golden = golden("paper110");
    for (name, leans) in [("alexnet_untrained_aug", true), ("alexnet_untrained", false)] {
        let (scores, curve) = (&golden.scores(&[name])[0], &golden.placements(&[name])[0]);
        let replicates = stratified(scores.reference(), 10_000).areas(scores).expect("its subjects");
        let bca = replicates.bca(stats::auc(curve), &curve.influences(), level("95")).expect("an interval");
        let percentile = replicates.percentile(level("95")).expect("an interval");
        let moved = percentile.lower - bca.lower;
        if leans {
            assert!(moved > 0.003, "{name} {moved}")
        } else {
            assert!(moved.abs() < 0.008, "{name} {moved}")
        }
        let squares: f64 = curve.influences().iter().map(|influence| influence * influence).sum();
        let delong = stats::delong::variance(curve).expect("a variance");
        // Both class sizes are 55: DeLong divides by 54 where influences have 55.
        assert_close(squares, delong * 54.0 / 55.0, 1e-13, 0.0, name);
    }
}

#[test]
fn paired_bootstrap_comes_near_delong() {
    let golden = golden("paper110");
    let names = ["alexnet_pretrained", "googlenet_pretrained"];
    let (scores, curves) = (golden.scores(&names), golden.placements(&names));
    let pair = pair_of(&curves);
    let replicates = stratified(scores[0].reference(), 4000).differences(&scores[0], &scores[1]).expect("the same subjects");
    let test = replicates.test(pair.difference()).expect("a test");
    assert_close(test.z, pair.test().expect("a test").z, 0.08, 0.0, "z");
    let interval = replicates.bca(pair.difference(), &pair.influences(), level("95")).expect("an interval");
    let delong = pair.interval(level("95")).expect("an interval");
    assert_close(interval.lower, delong.lower, 0.0, 0.015, "lower");
    assert_close(interval.upper, delong.upper, 0.0, 0.015, "upper");
}

#[test]
fn whole_patients_vary_as_obuchowski_estimates() {
    let sliced = Sliced::open("slices60");
    let reference = sliced.curves[0].reference();
    let sampling = Sampling::clustered(reference, &sliced.clusters).expect("clusters");
    let bootstrap = Bootstrap { sampling, seed: Seed::root(2017), replicates: 4000 };
    let replicates = bootstrap.areas(&sliced.scores[0]).expect("its subjects");
    let clustered = Clustered::of(&sliced.curves[0], &sliced.clusters).expect("clusters");
    let variance = replicates.variance().expect("a variance");
    assert_close(variance, clustered.variance().expect("a variance"), 0.15, 0.0, "patients");
    let slices = stratified(reference, 4000).areas(&sliced.scores[0]).expect("its subjects");
    assert!(slices.variance().expect("a variance") < 0.8 * variance);
}

#[test]
fn replicates_without_a_class_are_counted_and_left_out() {
    let golden = golden("edge_tiny_2_2");
    let scores = &golden.scores(&["mixed"])[0];
    let clusters = stats::Clusters::new(&[0, 1, 2, 3]);
    let sampling = Sampling::clustered(scores.reference(), &clusters).expect("clusters");
    let replicates = Bootstrap { sampling, seed: Seed::root(1), replicates: 4000 }.areas(scores).expect("its subjects");
    // Four draws among four of which two are cases: all alike with probability 1/8.
    assert_close(replicates.lost() as f64, 500.0, 0.2, 0.0, "lost");
    assert_eq!(replicates.sorted().len() + replicates.lost(), 4000);
    assert!(replicates.percentile(level("95")).is_ok());
}

#[test]
fn scores_of_other_subjects_are_refused() {
    let golden = golden("edge_tiny_2_2");
    let scores = golden.scores(&["mixed"]);
    let bootstrap = stratified(scores[0].reference(), 10);
    let others = crate::golden::golden("edge_tiny_1_3").scores(&["top"]);
    assert!(bootstrap.differences(&scores[0], &others[0]).is_err());
}
