//! What each model does at its operating point, which the test exams had no part in choosing.

use anyhow::Result;

use super::Section;
use super::accuracy::{cell, exact_limits, reason};
use super::by_model::by_model;
use crate::artifact::results::{Contrast, Estimate, ModelResult, Operating, PairedRate, Rate, Ratio};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "operating", heading: "Operating points", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let raters: Vec<&ModelResult> = study.raters().collect();
    if raters.iter().all(|rater| rater.operating.defined().is_none()) {
        return Ok(Vec::new());
    }
    let paired = study.contrasts().next().map(|_| Block::Table(paired(study)));
    let tables = [Block::Table(rates(study, &raters)), Block::Table(predictive(study, &raters))];
    Ok(tables.into_iter().chain(paired).collect())
}

fn rates(study: &Study, raters: &[&ModelResult]) -> Table {
    let caption = (Series::Main, "Sensitivity and specificity on the test exams.");
    let level = number::percent(study.results.level);
    let columns = ["Threshold".into(), format!("Sensitivity ({level} CI)"), format!("Specificity ({level} CI)")];
    let mut table = by_model(study, caption, &columns, raters, |rater, notes| {
        let cells = [
            threshold,
            |point: &Operating, notes: &mut Footnotes| cell(&point.sensitivity, number::rate, notes),
            |point: &Operating, notes: &mut Footnotes| cell(&point.specificity, number::rate, notes),
        ];
        at(rater, &cells, notes)
    });
    table.notes = vec![format!(
        "Thresholds of models were chosen on the tuning exams: {}. Those of readers were given beforehand. Intervals by Clopper and \
         Pearson.",
        study.results.operating_rule
    )];
    table.data.header = DATA.map(String::from).to_vec();
    table.data.rows = raters.iter().map(|rater| data_row(rater)).collect();
    table
}

/// How one cell is made of an operating point.
type Printed = fn(&Operating, &mut Footnotes) -> Cell;

fn at(rater: &ModelResult, cells: &[Printed], footnotes: &mut Footnotes) -> Vec<Cell> {
    match &rater.operating {
        Estimate::Defined(point) => cells.iter().map(|print| print(point, footnotes)).collect(),
        undefined @ Estimate::Undefined(_) => cells.iter().map(|_| cell(undefined, |_| String::new(), footnotes)).collect(),
    }
}

fn threshold(point: &Operating, _: &mut Footnotes) -> Cell {
    Cell::from(point.threshold.map_or("above all".to_owned(), |threshold| format!("{threshold:.3}")))
}

fn predictive(study: &Study, raters: &[&ModelResult]) -> Table {
    let caption = (Series::Supplement, "Predictive values and likelihood ratios (LR) at the operating points.");
    let columns = ["PPV", "NPV", "LR+", "LR\u{2212}"].map(String::from);
    let mut table = by_model(study, caption, &columns, raters, |rater, notes| {
        let cells: [Printed; 4] = [
            |point, notes| cell(&point.positive_predictive_value, number::rate, notes),
            |point, notes| cell(&point.negative_predictive_value, number::rate, notes),
            |point, notes| ratio(&point.positive_likelihood_ratio, notes),
            |point, notes| ratio(&point.negative_likelihood_ratio, notes),
        ];
        at(rater, &cells, notes)
    });
    let (positive, all) = (study.results.n_positive, study.results.n_positive + study.results.n_negative);
    table.notes = vec![format!(
        "Predictive values hold at the prevalence of the test exams only, {} of {}. Intervals of LR on the log scale (Simel 1991).",
        number::count(positive),
        number::count(all)
    )];
    table.data.header = DATA.map(String::from).to_vec();
    table.data.rows = raters.iter().map(|rater| data_row(rater)).collect();
    table
}

fn ratio(estimate: &Estimate<Ratio>, footnotes: &mut Footnotes) -> Cell {
    let Estimate::Defined(value) = estimate else { return cell(estimate, |_| String::new(), footnotes) };
    let limits = cell(&value.ci, |[low, high]| format!("{}, {}", number::ratio(*low), number::ratio(*high)), footnotes);
    Cell { text: format!("{} ({})", number::ratio(value.value), limits.text), ..limits }
}

const DATA: [&str; 31] = [
    "model",
    "threshold",
    "true_positives",
    "false_positives",
    "false_negatives",
    "true_negatives",
    "tuning_true_positives",
    "tuning_false_positives",
    "tuning_false_negatives",
    "tuning_true_negatives",
    "sensitivity",
    "sensitivity_ci_low",
    "sensitivity_ci_high",
    "specificity",
    "specificity_ci_low",
    "specificity_ci_high",
    "ppv",
    "ppv_ci_low",
    "ppv_ci_high",
    "npv",
    "npv_ci_low",
    "npv_ci_high",
    "lr_positive",
    "lr_positive_ci_low",
    "lr_positive_ci_high",
    "lr_positive_undefined",
    "lr_negative",
    "lr_negative_ci_low",
    "lr_negative_ci_high",
    "lr_negative_undefined",
    "undefined",
];

fn data_row(rater: &ModelResult) -> Vec<String> {
    let mut row = vec![rater.name.clone()];
    if let Estimate::Defined(point) = &rater.operating {
        row.push(point.threshold.map(number::exact).unwrap_or_default());
        for counts in [Some(point.counts), point.tuning] {
            let four = counts.map(|c| [c.true_positives, c.false_positives, c.false_negatives, c.true_negatives]);
            row.extend(four.map_or_else(Default::default, |counts| counts.map(|count| count.to_string())));
        }
        let rates =
            [&point.sensitivity, &point.specificity, &point.positive_predictive_value, &point.negative_predictive_value];
        row.extend(rates.into_iter().flat_map(rate_data));
        row.extend([&point.positive_likelihood_ratio, &point.negative_likelihood_ratio].into_iter().flat_map(ratio_data));
    }
    row.resize(DATA.len() - 1, String::new());
    row.push(reason(&rater.operating));
    row
}

/// Value and limits, empty where there are none.
pub(super) fn rate_data(rate: &Estimate<Rate>) -> [String; 3] {
    let numbers = |rate: &Rate| [rate.value, rate.ci[0], rate.ci[1]].map(number::exact);
    rate.defined().map(numbers).unwrap_or_default()
}

fn ratio_data(ratio: &Estimate<Ratio>) -> [String; 4] {
    match ratio {
        Estimate::Undefined(why) => [String::new(), String::new(), String::new(), why.clone()],
        Estimate::Defined(ratio) => {
            let [low, high] = exact_limits(&ratio.ci);
            [number::exact(ratio.value), low, high, reason(&ratio.ci)]
        }
    }
}

/// Every contrast once more, at both operating points.
fn paired(study: &Study) -> Table {
    let mut table = Table::new(Series::Supplement, "Sensitivity and specificity of the contrasts, compared on the same exams.");
    table.keys = 2;
    let names = ["Sensitivity", "p, McNemar", "Specificity", "p, McNemar"];
    table.columns = ["First", "Second"].map(Column::words).into_iter().chain(names.map(Column::numbers)).collect();
    let rows = distinct(study);
    table.rows = rows.iter().map(|row| paired_row(study, row, &mut table.footnotes)).collect();
    table.notes = vec![
        "Rates of the first / second at their own operating points. p: McNemar's exact test, two-sided, unadjusted.".to_owned(),
    ];
    let names = ["a", "b", "only_a", "only_b", "difference_ci_low", "difference_ci_high", "p"];
    let of = |rate: &str| names[2..].iter().map(|name| format!("{rate}_{name}")).collect::<Vec<_>>();
    table.data.header =
        names[..2].iter().map(|name| (*name).to_owned()).chain(of("sensitivity")).chain(of("specificity")).collect();
    table.data.rows = rows.iter().map(|row| paired_data(row)).collect();
    table
}

/// A pair may stand in two tables.
fn distinct<'a>(study: &Study<'a>) -> Vec<&'a Contrast> {
    study.contrasts().fold(Vec::new(), |mut rows: Vec<&Contrast>, row| {
        if !rows.iter().any(|known| known.a == row.a && known.b == row.b) {
            rows.push(row);
        }
        rows
    })
}

fn paired_row(study: &Study, row: &Contrast, footnotes: &mut Footnotes) -> Vec<Cell> {
    let title = |name: &String| study.results.model(name).map_or_else(|| name.clone(), |model| study.title(model));
    let both = |rate: &PairedRate| format!("{} / {}", number::area(rate.a), number::area(rate.b));
    let mut cells: Vec<Cell> = [&row.a, &row.b].map(|name| Cell::from(title(name))).into();
    for rate in [&row.sensitivity, &row.specificity] {
        cells.push(cell(rate, both, footnotes));
        cells.push(cell(rate, |rate| number::p(rate.p), footnotes));
    }
    cells
}

fn paired_data(row: &Contrast) -> Vec<String> {
    let numbers = |rate: &Estimate<PairedRate>| match rate {
        Estimate::Undefined(_) => vec![String::new(); 5],
        Estimate::Defined(rate) => {
            let [low, high] = exact_limits(&rate.ci);
            vec![rate.only_a.to_string(), rate.only_b.to_string(), low, high, number::exact(rate.p)]
        }
    };
    [row.a.clone(), row.b.clone()].into_iter().chain(numbers(&row.sensitivity)).chain(numbers(&row.specificity)).collect()
}
