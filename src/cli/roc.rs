//! `bgh roc`: ROC statistics of any table of scores, without a spec. Higher scores are more suspicious; the direction is never
//! guessed from the data.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::{Exit, Failure};
use crate::stats::{Interval, Level, Pair, Placements, Reference, Scores, auc, delong, exact_interval, holm};

/// Arguments of `bgh roc`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A CSV file with a header and a row a subject; `-` reads standard input
    table: PathBuf,

    /// Column of the reference standard
    #[arg(long, value_name = "COLUMN")]
    truth: String,

    /// Values of that column that are positive
    #[arg(long, value_name = "VALUE", value_delimiter = ',', required = true)]
    positive: Vec<String>,

    /// Columns of scores
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', required = true)]
    scores: Vec<String>,

    /// Level of the intervals
    #[arg(long, default_value_t = 0.95)]
    level: f64,

    /// One JSON object with full precision
    #[arg(long)]
    json: bool,
}

/// The answer; its form is a contract.
#[derive(Debug, Serialize)]
struct Answer {
    n_positive: usize,
    n_negative: usize,
    level: f64,
    curves: Vec<Curve>,
    comparisons: Vec<Comparison>,
}

#[derive(Debug, Serialize)]
struct Curve {
    name: String,
    n_complete: usize,
    auc: Option<f64>,
    se: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    exact_ci_low: Option<f64>,
    exact_ci_high: Option<f64>,
    undefined: Option<String>,
}

#[derive(Debug, Serialize)]
struct Comparison {
    a: String,
    b: String,
    n_complete: usize,
    difference: Option<f64>,
    se: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    z: Option<f64>,
    p: Option<f64>,
    p_holm: Option<f64>,
    undefined: Option<String>,
}

/// The columns that were asked for; a missing score is `None`.
struct Table {
    is_case: Vec<bool>,
    scores: Vec<(String, Vec<Option<f64>>)>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = |error: anyhow::Error| Failure::new(Exit::Spec, format!("error: {}: {error:#}", arguments.table.display()));
    let level = Level::new(arguments.level).map_err(|error| spec(error.into()))?;
    let table = read(arguments).map_err(spec)?;
    let answer = answer(&table, arguments.level, level);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&answer).map_err(anyhow::Error::from)?);
    } else {
        print(&answer);
    }
    Ok(())
}

fn read(arguments: &Arguments) -> anyhow::Result<Table> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(open(&arguments.table)?);
    let header = reader.headers()?.clone();
    let truth = column(&header, &arguments.truth)?;
    let columns = arguments.scores.iter().map(|name| column(&header, name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut table = Table { is_case: vec![], scores: arguments.scores.iter().map(|name| (name.clone(), vec![])).collect() };
    for record in reader.records() {
        let record = record?;
        let row = record.position().map_or(0, csv::Position::line);
        table.is_case.push(arguments.positive.iter().any(|value| value == &record[truth]));
        for (at, (name, scores)) in columns.iter().zip(&mut table.scores) {
            scores.push(score(&record[*at]).map_err(|text| {
                anyhow::anyhow!("row {row}, column `{name}`: `{text}` is not a number (a missing score is empty, NA or NaN)")
            })?);
        }
    }
    Ok(table)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    Ok(if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path)?) })
}

fn column(header: &csv::StringRecord, name: &str) -> anyhow::Result<usize> {
    let known = || header.iter().collect::<Vec<_>>().join(", ");
    header.iter().position(|found| found == name).ok_or_else(|| anyhow::anyhow!("no column `{name}`; it has: {}", known()))
}

fn score(text: &str) -> Result<Option<f64>, String> {
    if matches!(text, "" | "NA" | "NaN" | "nan" | "NULL") {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| text.to_owned())
}

fn answer(table: &Table, level_number: f64, level: Level) -> Answer {
    let cases = table.is_case.iter().filter(|case| **case).count();
    let curves = table.scores.iter().map(|(name, scores)| curve(name, &table.is_case, scores, level)).collect();
    let mut comparisons = vec![];
    for (at, a) in table.scores.iter().enumerate() {
        comparisons.extend(table.scores[at + 1..].iter().map(|b| comparison(&table.is_case, a, b, level)));
    }
    adjust(&mut comparisons);
    Answer { n_positive: cases, n_negative: table.is_case.len() - cases, level: level_number, curves, comparisons }
}

/// Placements of the curves on the subjects for whom `complete` holds, all ranked on the same subjects.
fn placements<const N: usize>(is_case: &[bool], scores: [&[Option<f64>]; N]) -> Result<(usize, [Placements; N]), String> {
    let complete: Vec<usize> = (0..is_case.len()).filter(|&row| scores.iter().all(|scores| scores[row].is_some())).collect();
    let reference = Reference::new(complete.iter().map(|&row| is_case[row]).collect()).map_err(|error| error.to_string())?;
    let reference = Arc::new(reference);
    let mut ranked = vec![];
    for scores in scores {
        let scores: Vec<f64> = complete.iter().filter_map(|&row| scores[row]).collect();
        ranked.push(Placements::of(&Scores::new(&reference, &scores).map_err(|error| error.to_string())?));
    }
    let ranked = ranked.try_into().map_err(|_| "BUG: a curve was lost".to_owned())?;
    Ok((complete.len(), ranked))
}

fn curve(name: &str, is_case: &[bool], scores: &[Option<f64>], level: Level) -> Curve {
    let mut curve = Curve {
        name: name.to_owned(),
        n_complete: scores.iter().flatten().count(),
        auc: None,
        se: None,
        ci_low: None,
        ci_high: None,
        exact_ci_low: None,
        exact_ci_high: None,
        undefined: None,
    };
    match placements(is_case, [scores]) {
        Err(why) => curve.undefined = Some(why),
        Ok((_, [placements])) => {
            let area = auc(&placements);
            curve.auc = Some(area);
            (curve.exact_ci_low, curve.exact_ci_high) = limits(exact_interval(&placements, level));
            match delong::variance(&placements) {
                Err(why) => curve.undefined = Some(why.to_string()),
                Ok(variance) => {
                    curve.se = Some(variance.sqrt());
                    (curve.ci_low, curve.ci_high) = limits(Some(Interval::normal(area, variance, level).clipped()));
                }
            }
        }
    }
    curve
}

fn limits(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    (interval.map(|interval| interval.lower), interval.map(|interval| interval.upper))
}

fn comparison(is_case: &[bool], a: &(String, Vec<Option<f64>>), b: &(String, Vec<Option<f64>>), level: Level) -> Comparison {
    let mut found = Comparison {
        a: a.0.clone(),
        b: b.0.clone(),
        n_complete: 0,
        difference: None,
        se: None,
        ci_low: None,
        ci_high: None,
        z: None,
        p: None,
        p_holm: None,
        undefined: None,
    };
    match placements(is_case, [&a.1, &b.1]) {
        Err(why) => found.undefined = Some(why),
        Ok((complete, [first, second])) => {
            found.n_complete = complete;
            match Pair::new(&first, &second) {
                Err(why) => found.undefined = Some(why.to_string()),
                Ok(pair) => conclude(&mut found, &pair, level),
            }
        }
    }
    found
}

fn conclude(found: &mut Comparison, pair: &Pair<'_>, level: Level) {
    found.difference = Some(pair.difference());
    found.se = pair.variance().ok().map(f64::sqrt);
    match (pair.test(), pair.interval(level)) {
        (Ok(test), Ok(interval)) => {
            (found.z, found.p) = (Some(test.z), Some(test.p));
            (found.ci_low, found.ci_high) = limits(Some(interval));
        }
        (Err(why), _) | (_, Err(why)) => found.undefined = Some(why.to_string()),
    }
}

/// Holm's adjustment over the comparisons that have a p-value.
fn adjust(comparisons: &mut [Comparison]) {
    let p: Vec<f64> = comparisons.iter().filter_map(|found| found.p).collect();
    let with_p = comparisons.iter_mut().filter(|found| found.p.is_some());
    with_p.zip(holm(&p)).for_each(|(found, adjusted)| found.p_holm = Some(adjusted));
}

fn print(answer: &Answer) {
    println!("{} positive, {} negative", answer.n_positive, answer.n_negative);
    let percent = answer.level * 100.0;
    println!("{}", table(["score", "AUC", &format!("{percent} % CI"), "SE", ""], answer.curves.iter().map(curve_row)));
    if !answer.comparisons.is_empty() {
        let header = ["a − b", "difference", &format!("{percent} % CI"), "z", "p", "p (Holm)", ""];
        println!("{}", table(header, answer.comparisons.iter().map(comparison_row)));
    }
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header);
    table.add_rows(rows);
    table
}

fn curve_row(curve: &Curve) -> [String; 5] {
    let exact = range(curve.exact_ci_low, curve.exact_ci_high);
    let note = curve.undefined.clone().unwrap_or_else(|| if exact.is_empty() { exact } else { format!("exact {exact}") });
    [curve.name.clone(), number(curve.auc), range(curve.ci_low, curve.ci_high), number(curve.se), note]
}

fn comparison_row(found: &Comparison) -> [String; 7] {
    let name = format!("{} − {}", found.a, found.b);
    let p = |p: Option<f64>| p.map_or_else(String::new, |p| if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") });
    let z = found.z.map_or_else(String::new, |z| format!("{z:.2}"));
    let undefined = found.undefined.clone().unwrap_or_default();
    [name, number(found.difference), range(found.ci_low, found.ci_high), z, p(found.p), p(found.p_holm), undefined]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.4}"))
}

fn range(low: Option<f64>, high: Option<f64>) -> String {
    low.zip(high).map_or_else(String::new, |(low, high)| format!("{low:.4} to {high:.4}"))
}
