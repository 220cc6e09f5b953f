//! Ten thousand and a hundred thousand subjects.

use std::sync::Arc;

use bgh::stats::{self, Pair, Placements, Reference, Roc, Scores};
use serde_json::Value;

use crate::golden::*;

/// The formula of the reference's generator: splitmix64, five draws a row.
fn large(subjects: usize, seed: u64, prevalence: f64) -> Vec<Scores> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 * 2f64.powi(-53)
    };
    let rows: Vec<[f64; 5]> = (0..subjects).map(|_| std::array::from_fn(|_| draw())).collect();
    let reference = Arc::new(Reference::new(rows.iter().map(|u| u[0] < prevalence).collect()).expect("both classes"));
    let shift = |u: &[f64; 5]| f64::from(u8::from(u[0] < prevalence));
    let ranked = |score: &dyn Fn(&[f64; 5]) -> f64| {
        Scores::new(&reference, &rows.iter().map(score).collect::<Vec<_>>()).expect("scores")
    };
    vec![
        ranked(&|u| u[1] + 0.25 * shift(u)),
        ranked(&|u| (0.5 * u[1] + 0.5 * u[2]) + 0.25 * shift(u)),
        ranked(&|u| (20.0 * u[3]).floor() + 4.0 * shift(u)),
        ranked(&|u| u[4]),
    ]
}

#[test]
fn ten_thousand_and_a_hundred_thousand_subjects_agree_with_proc() {
    let expected = values("expected/large.json");
    for set in expected["sets"].as_array().expect("sets") {
        let count = set["n"].as_u64().expect("n") as usize;
        let scores = large(count, set["seed"].as_u64().expect("seed"), number(&set["prevalence"]));
        let curves: Vec<_> = scores.iter().map(Placements::of).collect();
        assert_eq!(Some(curves[0].reference().cases() as u64), set["n_cases"].as_u64());
        let index = |name: &Value| name.as_str().expect("a name")[1..].parse::<usize>().expect("a number") - 1;
        for (name, roc) in set["rocs"].as_object().expect("rocs") {
            let which = index(&Value::from(name.as_str()));
            assert_close(stats::auc(&curves[which]), number(&roc["auc"]), 1e-12, 0.0, name);
            let variance = stats::delong::variance(&curves[which]).expect("a variance");
            assert_close(variance, number(&roc["var_delong"]), 1e-12, 1e-15, name);
            assert_eq!(Some(Roc::of(&scores[which]).points.len() as u64), roc["n_distinct_plus_one_coords"].as_u64());
        }
        for pair in set["pairs"].as_array().expect("pairs") {
            let (place, paired) = (pair.to_string(), [&pair["first"], &pair["second"]].map(|name| &curves[index(name)]));
            let paired = Pair::new(paired[0], paired[1]).expect("the same subjects");
            let test = paired.test().expect("a test");
            assert_close(test.z, number(&pair["z"]), 1e-11, 1e-14, &place);
            // A p of z = -60 carries the error of z two thousandfold.
            assert_close(test.p, number(&pair["p_two_sided"]), 1e-9, 0.0, &place);
        }
    }
}
