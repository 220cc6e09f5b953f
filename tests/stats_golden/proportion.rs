//! Intervals of proportions against R (`binom.test`, `prop.test`, `qbeta`), and Clopper & Pearson's against 50 digits.

use bgh::stats::proportion::{
    PairedProportions, Proportion, agresti_coull, clopper_pearson, jeffreys, newcombe, wilson, wilson_corrected,
};
use bgh::stats::{Interval, Level};
use serde_json::Value;

use crate::golden::*;

type Method = fn(Proportion, Level) -> Interval;

const METHODS: [(&str, Method); 5] = [
    ("clopper_pearson", clopper_pearson),
    ("wilson", wilson),
    ("wilson_cc", wilson_corrected),
    ("jeffreys", jeffreys),
    ("agresti_coull_unclipped", agresti_coull),
];

/// Every proportion with intervals anywhere in a value.
fn proportions<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value.get("ci95").is_some_and(|intervals| intervals.get("wilson").is_some()) {
        found.push(value);
    }
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(values) => values.iter().collect(),
        _ => vec![],
    };
    inner.into_iter().for_each(|value| proportions(value, found));
}

pub(crate) fn count(value: &Value, name: &str) -> usize {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} of {value}")) as usize
}

pub(crate) fn paired(value: &Value) -> PairedProportions {
    PairedProportions {
        both: count(value, "both"),
        only_first: count(value, "only_first"),
        only_second: count(value, "only_second"),
        neither: count(value, "neither"),
    }
}

/// Tables of two methods on cases and on controls.
pub(crate) fn paired_tables(golden: &Golden) -> Vec<&Value> {
    let pairs = golden.expected["pairs"].as_array().into_iter().flatten();
    pairs.flat_map(|pair| [pair.get("mcnemar_sensitivity"), pair.get("mcnemar_specificity")]).flatten().collect()
}

#[test]
fn intervals_agree_with_r() {
    let sets = goldens().into_iter().map(|golden| golden.expected).chain([values("expected/three_class110.json")]);
    let mut checked = 0;
    for set in sets {
        let mut found = vec![];
        proportions(&set, &mut found);
        for expected in found {
            let (x, n) = (count(expected, "x"), count(expected, "n"));
            let proportion = Proportion::new(x, n - x).expect("subjects");
            assert_eq!(proportion.estimate(), number(&expected["estimate"]), "{x} of {n}");
            for (percent, (name, method)) in
                ["90", "95"].into_iter().flat_map(|percent| METHODS.map(|method| (percent, method)))
            {
                let (got, want) = (method(proportion, level(percent)), numbers(&expected[format!("ci{percent}")][name]));
                let place = format!("{name} {percent} % of {x} of {n}");
                assert_close(got.lower, want[0], 1e-12, 1e-15, &place);
                assert_close(got.upper, want[1], 1e-12, 1e-15, &place);
                checked += 1;
            }
        }
    }
    assert!(checked > 1000, "only {checked} intervals");
}

#[test]
fn clopper_pearson_agrees_with_fifty_digits() {
    for row in values("exact/special_functions.json")["clopper_pearson"].as_array().expect("rows") {
        let (x, n) = (count(row, "x"), count(row, "n"));
        let level = Level::new(number(&row["level"])).expect("a level");
        let interval = clopper_pearson(Proportion::new(x, n - x).expect("subjects"), level);
        assert_close(interval.lower, number(&row["lower"]), 1e-14, 0.0, &row.to_string());
        assert_close(interval.upper, number(&row["upper"]), 1e-14, 0.0, &row.to_string());
    }
}

#[test]
fn paired_differences_agree_with_newcombe() {
    let mut checked = 0;
    for golden in goldens() {
        for expected in paired_tables(&golden) {
            let counts = paired(expected);
            let place = golden.place(&expected.to_string());
            assert_close(counts.difference().expect("subjects"), number(&expected["difference"]), 1e-15, 0.0, &place);
            let interval = newcombe(&counts, level("95")).expect("subjects");
            let want = numbers(&expected["newcombe10_ci95"]);
            // R subtracts estimates from limits: relative to a limit near 0 that is its own rounding.
            assert_close(interval.lower, want[0], 1e-12, 1e-15, &place);
            assert_close(interval.upper, want[1], 1e-12, 1e-15, &place);
            checked += 1;
        }
    }
    assert!(checked > 200, "only {checked} tables");
}
