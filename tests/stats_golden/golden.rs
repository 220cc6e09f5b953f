//! The data sets and what is to be read from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bgh::stats::{Clusters, Level, Pair, Placements, Reference, Scores};
use serde_json::Value;

pub(crate) const LEVELS: [&str; 3] = ["90", "95", "99"];

/// One data set: table of labels and scores, pROC's values, exact values (`null` where there are none).
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) expected: Value,
    pub(crate) exact: Value,
    pub(crate) rows: Vec<csv::StringRecord>,
    header: csv::StringRecord,
}

impl Golden {
    fn open(name: &str) -> Self {
        let expected = values(&format!("expected/{name}.json"));
        let exact = values(&format!("exact/{name}.json"));
        let (rows, header) = table(expected["input"].as_str().expect("input"));
        Self { name: name.to_owned(), expected, exact, rows, header }
    }

    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        let column = self.header.iter().position(|title| title == name).expect("a column");
        self.rows.iter().map(|row| &row[column]).collect()
    }

    /// Scores of the named curves on the subjects that have all of them, negated where cases score lower.
    pub(crate) fn scores(&self, curves: &[&str]) -> Vec<Scores> {
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

    pub(crate) fn placements(&self, curves: &[&str]) -> Vec<Placements> {
        self.scores(curves).iter().map(Placements::of).collect()
    }

    pub(crate) fn curves(&self) -> impl Iterator<Item = (&str, &Value)> {
        let curves = self.expected["rocs"].as_object().expect("rocs").iter();
        curves.filter(|(_, curve)| curve.get("auc").is_some()).map(|(name, curve)| (name.as_str(), curve))
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let [expected, exact] = [&self.expected, &self.exact].map(|side| side["pairs"].as_array());
        let compared = expected.into_iter().flatten().filter(|pair| pair.get("z").is_some());
        compared
            .zip(exact.into_iter().flatten())
            .inspect(|(a, b)| assert_eq!((&a["first"], &a["second"]), (&b["first"], &b["second"])))
    }

    pub(crate) fn place(&self, what: &str) -> String {
        format!("{} {what}", self.name)
    }
}

fn json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("json")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats")
}

/// Rows and header of one table of inputs.
pub(crate) fn table(file: &str) -> (Vec<csv::StringRecord>, csv::StringRecord) {
    let mut reader = csv::Reader::from_path(folder().join(file)).expect("a table");
    let header = reader.headers().expect("a header").clone();
    (reader.records().map(|row| row.expect("a row")).collect(), header)
}

/// One file of values that stands by itself, e.g. `exact/permutation.json`.
pub(crate) fn values(file: &str) -> Value {
    json(&folder().join(file))
}

/// Every data set that has curves.
pub(crate) fn goldens() -> Vec<Golden> {
    let files = std::fs::read_dir(folder().join("exact")).expect("a folder");
    let names = files.map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| values(&format!("exact/{name}.json")).get("rocs").is_some()).collect();
    names.sort();
    assert!(names.len() >= 25, "only {} data sets", names.len());
    names.iter().map(|name| golden(name)).collect()
}

pub(crate) fn golden(name: &str) -> Golden {
    Golden::open(name)
}

pub(crate) fn number_of(text: &str) -> f64 {
    match text {
        "Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().expect("a number"),
    }
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| number_of(value.as_str().expect("a number")))
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(number).collect()
}

pub(crate) fn level(percent: &str) -> Level {
    Level::new(percent.parse::<f64>().expect("percent") / 100.0).expect("a level")
}

#[track_caller]
pub(crate) fn assert_close(got: f64, want: f64, relative: f64, absolute: f64, place: &str) {
    let off = (got - want).abs();
    assert!(off <= absolute.max(relative * want.abs()), "{place}: {got:e} is not {want:e}, off by {off:e}");
}

pub(crate) fn pair_of(curves: &[Placements]) -> Pair<'_> {
    Pair::new(&curves[0], &curves[1]).expect("the same subjects")
}

pub(crate) fn names(pair: &Value) -> [&str; 2] {
    [&pair["first"], &pair["second"]].map(|name| name.as_str().expect("a name"))
}

/// Slices of patients, two models.
pub(crate) struct Sliced {
    pub(crate) scores: [Scores; 2],
    pub(crate) curves: [Placements; 2],
    pub(crate) clusters: Clusters,
}

impl Sliced {
    pub(crate) fn open(name: &str) -> Self {
        let mut reader = csv::Reader::from_path(folder().join(format!("data/{name}.csv"))).expect("a table");
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        let column = |name: &str| -> Vec<&str> {
            let column = header.iter().position(|title| title == name).expect("a column");
            rows.iter().map(|row| &row[column]).collect()
        };
        let is_case = column("slice_label").into_iter().map(|label| label == "1").collect();
        let reference = Arc::new(Reference::new(is_case).expect("both classes"));
        let scores = ["model_a", "model_b"].map(|model| {
            let scores: Vec<f64> = column(model).into_iter().map(number_of).collect();
            Scores::new(&reference, &scores).expect("scores")
        });
        Self { curves: scores.each_ref().map(Placements::of), scores, clusters: Clusters::new(&column("patient")) }
    }
}

/// What `of` gives on so many threads.
pub(crate) fn on_threads<T: Send>(threads: usize, of: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(of)
}
