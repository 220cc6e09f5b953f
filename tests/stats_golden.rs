//! The statistics against reference runs.
//!
//! `tests/golden/stats` holds simulated data with the values of R 4.2.2, pROC 1.18.0 (`expected/`) and of rational and 50-digit
//! arithmetic (`exact/`), cut to what is tested here. Where the whole reference set is at hand (`../shared`, or `BGH_SHARED`),
//! every test runs over it as well.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bgh::stats::{self, Basis, InvalidReference, InvalidScores, Level, Pair, Placements, Reference, Roc, Scores, Undefined};
use serde_json::Value;

const LEVELS: [&str; 3] = ["90", "95", "99"];

/// Data sets of one folder: label table, pROC's values, exact values.
struct Golden {
    folder: PathBuf,
    name: String,
    expected: Value,
    exact: Value,
    rows: Vec<csv::StringRecord>,
    header: csv::StringRecord,
}

impl Golden {
    fn open(folder: &Path, name: &str) -> Self {
        let expected = json(&folder.join(format!("expected/{name}.json")));
        let exact = json(&folder.join(format!("exact/{name}.json")));
        let table = folder.join(expected["input"].as_str().expect("input"));
        let mut reader = csv::Reader::from_path(table).expect("a table");
        let header = reader.headers().expect("a header").clone();
        let rows = reader.records().map(|row| row.expect("a row")).collect();
        Self { folder: folder.to_owned(), name: name.to_owned(), expected, exact, rows, header }
    }

    fn column(&self, name: &str) -> Vec<&str> {
        let column = self.header.iter().position(|title| title == name).expect("a column");
        self.rows.iter().map(|row| &row[column]).collect()
    }

    /// Scores of the named curves on the subjects that have all of them, negated where cases score lower.
    fn scores(&self, curves: &[&str]) -> Vec<Scores> {
        let labels = self.column(self.expected["label_column"].as_str().expect("label"));
        let columns: Vec<_> = curves.iter().map(|curve| self.column(curve)).collect();
        let complete = |&row: &usize| labels[row] != "NA" && columns.iter().all(|column| column[row] != "NA");
        let rows: Vec<usize> = (0..labels.len()).filter(complete).collect();
        let reference = Reference::new(rows.iter().map(|&row| labels[row] == "1").collect()).expect("both classes");
        let reference = Arc::new(reference);
        let rank = |(curve, column): (&&str, &Vec<&str>)| {
            let sign = if self.expected["rocs"][curve]["direction"] == ">" { -1.0 } else { 1.0 };
            let scores: Vec<f64> = rows.iter().map(|&row| sign * number_of(column[row])).collect();
            Scores::new(&reference, &scores).expect("scores")
        };
        curves.iter().zip(&columns).map(rank).collect()
    }

    fn placements(&self, curves: &[&str]) -> Vec<Placements> {
        self.scores(curves).iter().map(Placements::of).collect()
    }

    fn curves(&self) -> impl Iterator<Item = (&str, &Value)> {
        let curves = self.expected["rocs"].as_object().expect("rocs").iter();
        curves.filter(|(_, curve)| curve.get("auc").is_some()).map(|(name, curve)| (name.as_str(), curve))
    }

    fn pairs(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let [expected, exact] = [&self.expected, &self.exact].map(|side| side["pairs"].as_array());
        let compared = expected.into_iter().flatten().filter(|pair| pair.get("z").is_some());
        compared
            .zip(exact.into_iter().flatten())
            .inspect(|(a, b)| assert_eq!((&a["first"], &a["second"]), (&b["first"], &b["second"])))
    }

    fn place(&self, what: &str) -> String {
        format!("{}/{} {what}", self.folder.display(), self.name)
    }
}

fn json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("json")
}

/// Every folder of reference values at hand.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("BGH_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let whole = shared.join("reference/golden/stats");
    if !whole.exists() {
        println!("SKIPPED: the whole reference set, {} not found", whole.display());
    }
    [root.join("tests/golden/stats"), whole].into_iter().filter(|folder| folder.exists()).collect()
}

/// Every data set that has curves.
fn goldens() -> Vec<Golden> {
    let of_folder = |folder: PathBuf| {
        let files = std::fs::read_dir(folder.join("exact")).expect("a folder");
        let mut names: Vec<String> = files
            .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        let curves = |name: &String| json(&folder.join(format!("exact/{name}.json"))).get("rocs").is_some();
        names.into_iter().filter(curves).map(|name| Golden::open(&folder, &name)).collect::<Vec<_>>()
    };
    let all: Vec<Golden> = folders().into_iter().flat_map(of_folder).collect();
    assert!(all.len() >= 25, "only {} data sets", all.len());
    all
}

fn golden(name: &str) -> Golden {
    Golden::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats"), name)
}

fn number_of(text: &str) -> f64 {
    match text {
        "Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().expect("a number"),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| number_of(value.as_str().expect("a number")))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(number).collect()
}

fn level(percent: &str) -> Level {
    Level::new(percent.parse::<f64>().expect("percent") / 100.0).expect("a level")
}

#[track_caller]
fn assert_close(got: f64, want: f64, relative: f64, absolute: f64, place: &str) {
    let off = (got - want).abs();
    assert!(off <= absolute.max(relative * want.abs()), "{place}: {got:e} is not {want:e}, off by {off:e}");
}

fn pair_of(curves: &[Placements]) -> Pair<'_> {
    Pair::new(&curves[0], &curves[1]).expect("the same subjects")
}

fn names(pair: &Value) -> [&str; 2] {
    [&pair["first"], &pair["second"]].map(|name| name.as_str().expect("a name"))
}

#[test]
fn auc_and_variance_agree_with_exact_arithmetic() {
    for golden in goldens() {
        for (name, _) in golden.curves() {
            let (exact, place) = (&golden.exact["rocs"][name], golden.place(name));
            let curve = &golden.placements(&[name])[0];
            assert_eq!(stats::auc(curve), number(&exact["auc"]), "{place}");
            match exact.get("var") {
                Some(variance) => {
                    assert_close(stats::delong::variance(curve).expect("a variance"), number(variance), 5e-16, 0.0, &place);
                }
                None => assert!(stats::delong::variance(curve).is_err(), "{place}"),
            }
        }
    }
}

#[test]
fn auc_variance_and_intervals_agree_with_proc() {
    for golden in goldens() {
        for (name, expected) in golden.curves() {
            let place = golden.place(name);
            let curve = &golden.placements(&[name])[0];
            let counts = [curve.reference().cases() as u64, curve.reference().controls() as u64];
            assert_eq!(counts.map(Value::from), [expected["n_cases"].clone(), expected["n_controls"].clone()], "{place}");
            assert_close(stats::auc(curve), number(&expected["auc"]), 1e-12, 1e-15, &place);
            let Ok(variance) = stats::delong::variance(curve) else {
                assert_eq!(expected["var_delong"], "NA", "{place}");
                continue;
            };
            assert_close(variance, number(&expected["var_delong"]), 1e-12, 1e-15, &place);
            for percent in LEVELS {
                let interval = stats::Interval::normal(stats::auc(curve), variance, level(percent)).clipped();
                let limits = numbers(&expected[format!("ci{percent}_delong")]);
                assert_close(interval.lower, limits[0], 1e-12, 1e-15, &place);
                assert_close(interval.upper, limits[2], 1e-12, 1e-15, &place);
            }
        }
    }
}

#[test]
fn intervals_agree_with_exact_arithmetic() {
    for golden in goldens() {
        for (name, _) in golden.curves() {
            let curve = &golden.placements(&[name])[0];
            let Ok(variance) = stats::delong::variance(curve) else { continue };
            for percent in LEVELS {
                let interval = stats::Interval::normal(stats::auc(curve), variance, level(percent)).clipped();
                let limits = numbers(&golden.exact["rocs"][name][format!("ci{percent}")]);
                let place = golden.place(name);
                assert_close(interval.lower, limits[0], 1e-15, 2e-16, &place);
                assert_close(interval.upper, limits[1], 1e-15, 2e-16, &place);
            }
        }
    }
}

#[test]
fn coordinates_and_thresholds_are_procs_to_the_last_bit() {
    for golden in goldens() {
        for (name, expected) in golden.curves().filter(|(_, curve)| curve.get("coords").is_some()) {
            let roc = Roc::of(&golden.scores(&[name])[0]);
            // Cases that score lower are ranked here by the negated score.
            let sign = if expected["direction"] == ">" { -1.0 } else { 1.0 };
            let points: Vec<_> = roc.points.iter().rev().collect();
            let thresholds: Vec<f64> = points.iter().map(|point| sign * point.threshold.unwrap_or(f64::INFINITY)).collect();
            let (coords, place) = (&expected["coords"], golden.place(name));
            assert_eq!(thresholds, numbers(&coords["threshold"]), "{place}");
            let sensitivity: Vec<f64> = points.iter().map(|point| roc.sensitivity(point)).collect();
            assert_eq!(sensitivity, numbers(&coords["sensitivity"]), "{place}");
            let specificity: Vec<f64> = points.iter().map(|point| roc.specificity(point)).collect();
            assert_eq!(specificity, numbers(&coords["specificity"]), "{place}");
        }
    }
}

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
fn holm_agrees_with_r() {
    for golden in goldens() {
        let Some(family) = golden.expected.get("adjusted_p_all_pairs") else { continue };
        let place = golden.place("holm");
        for (got, want) in stats::holm(&numbers(&family["p"])).into_iter().zip(numbers(&family["holm"])) {
            assert_close(got, want, 1e-15, 0.0, &place);
        }
    }
}

#[test]
fn normal_law_agrees_with_fifty_digits() {
    for folder in folders() {
        let exact = json(&folder.join("exact/special_functions.json"));
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
}

#[test]
fn exact_interval_of_complete_separation_is_clopper_pearson() {
    let mut checked = 0;
    let exact = json(&golden("paper110").folder.join("exact/special_functions.json"));
    for row in exact["clopper_pearson"].as_array().expect("rows") {
        let (hits, pairs) = (row["x"].as_u64().expect("x"), row["n"].as_u64().expect("n") as usize);
        if hits != 0 && hits != pairs as u64 {
            continue;
        }
        let sign = if hits == 0 { -1.0 } else { 1.0 };
        let is_case: Vec<bool> = (0..2 * pairs).map(|subject| subject < pairs).collect();
        let scores: Vec<f64> = is_case.iter().map(|&case| if case { sign } else { 0.0 }).collect();
        let reference = Arc::new(Reference::new(is_case).expect("both classes"));
        let curve = Placements::of(&Scores::new(&reference, &scores).expect("scores"));
        let level = Level::new(number(&row["level"])).expect("a level");
        let interval = stats::exact_interval(&curve, level).expect("an interval");
        assert_close(interval.lower, number(&row["lower"]), 1e-13, 0.0, &row.to_string());
        assert_close(interval.upper, number(&row["upper"]), 1e-13, 0.0, &row.to_string());
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} rows");
}

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
    let expected = json(&golden("paper110").folder.join("expected/large.json"));
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

// The edge cases of the reference set by name. pROC's own answer is told where it differs.

#[test]
fn complete_separation_has_a_point_interval_and_an_exact_one() {
    let golden = golden("edge_separation20");
    for (name, area, bound) in [("perfect", 1.0, [0.025f64.powf(0.1), 1.0]), ("reversed", 0.0, [0.0, 1.0 - 0.025f64.powf(0.1)])]
    {
        let curve = &golden.placements(&[name])[0];
        assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (area, Ok(0.0)));
        let exact = stats::exact_interval(curve, level("95")).expect("an exact interval");
        assert_close(exact.lower, bound[0], 1e-14, 0.0, name);
        assert_close(exact.upper, bound[1], 1e-14, 0.0, name);
    }
}

#[test]
fn constant_score_is_one_half_without_variance() {
    let golden = golden("edge_separation20");
    let curve = &golden.placements(&["constant"])[0];
    assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (0.5, Ok(0.0)));
    assert_eq!(stats::exact_interval(curve, level("95")), None);
    assert_eq!(Roc::of(&golden.scores(&["constant"])[0]).points.len(), 2);
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
fn one_case_or_one_control_has_an_area_and_no_variance() {
    let cases = [
        ("edge_tiny_1_1", ["up", "tie", "down"], Undefined::OneCase),
        ("edge_tiny_1_3", ["top", "mid", "tie"], Undefined::OneCase),
        ("edge_tiny_3_1", ["top", "mid", "tie"], Undefined::OneControl),
    ];
    for (name, names, reason) in cases {
        let golden = golden(name);
        let curves = golden.placements(&names);
        let areas = curves.iter().map(stats::auc);
        assert!(areas.eq(names.iter().map(|name| number(&golden.exact["rocs"][name]["auc"]))), "{name}");
        assert!(curves.iter().all(|curve| stats::delong::variance(curve) == Err(reason)), "{name}");
        assert_eq!(pair_of(&curves).test(), Err(reason), "{name}");
    }
}

#[test]
fn two_and_two_have_a_variance() {
    let curve = &golden("edge_tiny_2_2").placements(&["mixed"])[0];
    assert_eq!((stats::auc(curve), stats::delong::variance(curve)), (0.75, Ok(0.125)));
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

/// pROC returns NaN. The value here: 7.5 of 9 pairs, counted by hand.
#[test]
fn infinite_scores_are_ordinary_extremes() {
    let golden = golden("edge_infinite");
    for name in ["pos_inf", "neg_inf", "fine"] {
        let scores = golden.scores(&[name]);
        assert_eq!(stats::auc(&Placements::of(&scores[0])), 7.5 / 9.0, "{name}");
        let hits: Vec<_> = Roc::of(&scores[0]).points.iter().map(|p| (p.true_positives, p.false_positives)).collect();
        assert_eq!(hits, [(0, 0), (1, 0), (2, 0), (2, 1), (3, 2), (3, 3)], "{name}");
    }
}

#[test]
fn near_ties_are_kept_apart() {
    let golden = golden("edge_near_ties");
    for (name, points) in [("one_ulp", 12), ("subnormal", 12), ("signed_zero", 5), ("huge", 13), ("big_ints", 12)] {
        assert_eq!(Roc::of(&golden.scores(&[name])[0]).points.len(), points, "{name}");
    }
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

#[test]
fn youden_ties_are_ties_of_counts() {
    for name in ["edge_youden_ties", "edge_youden_ties_dyadic"] {
        let scores = &golden(name).scores(&["tie_four"])[0];
        let roc = Roc::of(scores);
        let (cases, controls) = (scores.reference().cases(), scores.reference().controls());
        let youden = |point: &stats::Point| point.true_positives * controls + (controls - point.false_positives) * cases;
        let best = roc.points.iter().map(youden).max();
        assert_eq!(roc.points.iter().filter(|point| Some(youden(point)) == best).count(), 4, "{name}");
    }
}
