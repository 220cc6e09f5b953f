//! The answer for people.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::answer::{Answer, Part};
use super::comparison::Comparison;
use super::curve::Curve;
use super::number;
use super::operating_point::{self, OperatingPoint};

/// What stands where there is no number.
const NOTHING: &str = "–";

/// All tables of the answer, each with the remarks on it.
pub(super) fn text(answer: &Answer) -> String {
    let mut text = format!("{}\n", subjects(answer));
    for part in answer.parts() {
        if let Some(group) = &part.group {
            let _ = write!(text, "\n{group}: {} positive, {} negative\n", part.n_positive, part.n_negative);
        }
        text.push_str(&part_text(answer, part));
    }
    if !answer.between_groups.is_empty() {
        text.push_str("\nBetween the groups\n");
        text.push_str(&comparisons(answer, &answer.between_groups));
    }
    text
}

fn subjects(answer: &Answer) -> String {
    let part = &answer.whole;
    let excluded = match answer.n_excluded {
        0 => String::new(),
        rows => format!("; {rows} left out, without a truth"),
    };
    format!("{} positive ({}), {} negative{excluded}", part.n_positive, answer.positive, part.n_negative)
}

fn part_text(answer: &Answer, part: &Part) -> String {
    let mut text = format!("\n{}", curves(answer, &part.curves));
    if !part.comparisons.is_empty() {
        let _ = write!(text, "\n{}", comparisons(answer, &part.comparisons));
    }
    if !part.operating_points.is_empty() {
        let _ = write!(text, "\n{}", operating_points(answer, &part.operating_points));
    }
    text
}

fn curves(answer: &Answer, curves: &[Curve]) -> String {
    let interval = format!("{} % CI", answer.level * 100.0);
    let some_missing = curves.iter().any(|curve| curve.n_complete != curves[0].n_complete);
    let mut header = vec!["score", "AUC", &interval, "SE"];
    header.extend(some_missing.then_some("n"));
    let rows = curves.iter().map(|curve| {
        let mut row = vec![
            curve.name.clone(),
            or_nothing(curve.auc, number::share),
            interval_of(curve),
            or_nothing(curve.se, number::error),
        ];
        row.extend(some_missing.then(|| curve.n_complete.to_string()));
        row
    });
    let mut text = aligned(&header, rows);
    remarks_on_curves(curves).iter().for_each(|remark| text.push_str(remark));
    text
}

fn interval_of(curve: &Curve) -> String {
    let exact = if curve.exact_ci_low.is_some() { " *" } else { "" };
    curve.shown_interval().map_or_else(
        || NOTHING.to_owned(),
        |[low, high]| format!("{}{exact}", number::limits(&number::share(low), &number::share(high))),
    )
}

fn remarks_on_curves(curves: &[Curve]) -> Vec<String> {
    let mut remarks = vec![];
    if curves.iter().any(|curve| curve.exact_ci_low.is_some()) {
        remarks.push(
            "* exact: at an AUC of 1 or 0 the estimated variance is 0 and the usual interval a single point; this one is\n  \
             Clopper and Pearson's for as many independent pairs as the smaller class has subjects\n"
                .to_owned(),
        );
    }
    remarks.extend(curves.iter().filter_map(|curve| Some(format!("  {}: {}\n", curve.name, curve.undefined.as_ref()?))));
    remarks.extend(curves.iter().filter(|curve| curve.is_degenerate()).map(|curve| {
        format!(
            "  {}: the estimated variance is 0 although the AUC is {}; the interval says nothing\n",
            curve.name,
            or_nothing(curve.auc, number::share)
        )
    }));
    remarks.extend(curves.iter().filter(|curve| curve.auc.is_some_and(|auc| auc < 0.5)).map(below_chance));
    remarks
}

fn below_chance(curve: &Curve) -> String {
    let other = if curve.direction == "lower" { "higher" } else { "lower" };
    let advice = if other == "lower" {
        format!("say --lower-is-positive={}", curve.name)
    } else {
        "leave --lower-is-positive out".to_owned()
    };
    format!("  {}: below chance; if {other} scores are the suspicious ones, {advice}\n", curve.name)
}

fn comparisons(answer: &Answer, comparisons: &[Comparison]) -> String {
    let interval = format!("{} % CI", answer.level * 100.0);
    let adjusted = format!("p ({})", adjustment(&answer.adjust));
    let mut header = vec!["a − b", "difference", &interval, "z", "p"];
    header.extend((answer.adjust != "none").then_some(adjusted.as_str()));
    let rows = comparisons.iter().map(|found| {
        let limits = found.ci_low.zip(found.ci_high);
        let mut row = vec![
            found.title(),
            or_nothing(found.difference, number::difference),
            limits.map_or_else(
                || NOTHING.to_owned(),
                |(low, high)| number::limits(&number::difference(low), &number::difference(high)),
            ),
            or_nothing(found.z, number::statistic),
            or_nothing(found.p, number::p),
        ];
        row.extend((answer.adjust != "none").then(|| or_nothing(found.p_adjusted, number::p)));
        row
    });
    let mut text = aligned(&header, rows);
    for found in comparisons {
        if let Some(why) = &found.undefined {
            let _ = writeln!(text, "  {}: {why}", found.title());
        }
    }
    text
}

fn operating_points(answer: &Answer, points: &[OperatingPoint]) -> String {
    let header = ["operating point", "threshold", "sensitivity", "specificity", "PPV", "NPV", "LR+", "LR\u{2212}"];
    let rate = |value, low: Option<f64>, high| {
        let limits = low.zip(high).map(|(low, high)| number::limits(&number::share(low), &number::share(high)));
        format!("{}{}", or_nothing(value, number::share), limits.map_or_else(String::new, |limits| format!(" ({limits})")))
    };
    let rows = points.iter().map(|point| {
        vec![
            format!("{}, {}", point.name, point.rule),
            or_nothing(point.threshold.map(|threshold| threshold.0), number::plain),
            rate(point.sensitivity, point.sensitivity_low, point.sensitivity_high),
            rate(point.specificity, point.specificity_low, point.specificity_high),
            or_nothing(point.ppv, number::share),
            or_nothing(point.npv, number::share),
            or_nothing(point.lr_positive, number::plain),
            or_nothing(point.lr_negative, number::plain),
        ]
    });
    aligned(&header, rows) + &remarks_on_points(answer, points)
}

fn remarks_on_points(answer: &Answer, points: &[OperatingPoint]) -> String {
    let prevalence = points.iter().find_map(|point| point.prevalence);
    let prevalence = prevalence.map_or_else(|| "that of these subjects".to_owned(), |share| share.to_string());
    let interval = answer.level * 100.0;
    let mut remarks = format!("  {interval} % intervals ({}); prevalence for PPV and NPV: {prevalence}\n", answer.proportion);
    if points.iter().any(|point| point.chosen_on == operating_point::THESE_SUBJECTS) {
        remarks.push_str(
            "  The thresholds were chosen on the subjects that they judge, so that sensitivity and specificity look better\n  \
             than they are elsewhere; --tuning FILE chooses them on another table\n",
        );
    }
    remarks
}

/// As people write it.
fn adjustment(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    if name == "bh" { "BH".to_owned() } else { first.into_iter().chain(letters).collect() }
}

fn or_nothing(value: Option<f64>, print: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), print)
}

/// A table in columns, numbers to the right; where the terminal is too narrow, every name stands on a line of its own.
fn aligned(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    let table = table(header, &rows);
    let wide = lines(&table);
    match width(&table) {
        Some(width) if wide.iter().any(|line| line.chars().count() > width) => stacked(header, &rows),
        _ => wide.concat(),
    }
}

fn stacked(header: &[&str], rows: &[Vec<String>]) -> String {
    let numbers: Vec<Vec<String>> = rows.iter().map(|row| row[1..].to_vec()).collect();
    let names = std::iter::once(header[0]).chain(rows.iter().map(|row| row[0].as_str()));
    let lines = lines(&table(&header[1..], &numbers));
    names.zip(lines).map(|(name, numbers)| format!(" {name}\n   {numbers}")).collect()
}

fn table(header: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().filter(|column| column.index > 0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn lines(table: &Table) -> Vec<String> {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Of the terminal, or what `COLUMNS` says where there is none; `None` where anything may be as long as it likes.
fn width(table: &Table) -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    table.width().map(usize::from).or_else(said)
}

impl Comparison {
    /// `a − b`, with the score where a and b are levels.
    fn title(&self) -> String {
        let score = self.score.iter().fold(String::new(), |_, score| format!("{score}: "));
        format!("{score}{} − {}", self.a, self.b)
    }
}
