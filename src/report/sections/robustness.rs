//! Whether the models hold when the images change.

use anyhow::Result;

use super::Section;
use super::accuracy::{cell, exact_limits, reason};
use crate::artifact::results::{Contrast, ModelResult, Results};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};
use crate::stage::perturb::Change;

pub(super) const SECTION: Section = Section { id: "robustness", heading: "Robustness", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let rows = rows(study);
    Ok(if rows.is_empty() { vec![] } else { vec![Block::Table(table(study, &rows))] })
}

/// A model on images as they are and changed.
struct Row<'a> {
    change: Change,
    plain: &'a ModelResult,
    changed: &'a ModelResult,
    contrast: &'a Contrast,
}

fn rows<'a>(study: &Study<'a>) -> Vec<Row<'a>> {
    let of_change = |change: &Change| {
        let results: Option<&'a Results> = study.robustness.get(&change.slug());
        let contrasts = results.into_iter().flat_map(|results| results.comparisons.iter().map(move |asked| (results, asked)));
        let rows = contrasts.flat_map(|(results, asked)| asked.rows.iter().map(move |row| (results, row)));
        let row = |(results, contrast): (&'a Results, &'a Contrast)| {
            let (plain, changed) = (results.model(&contrast.a)?, results.model(&contrast.b)?);
            Some(Row { change: *change, plain, changed, contrast })
        };
        rows.filter_map(row).collect::<Vec<_>>()
    };
    study.params.changes.iter().flat_map(of_change).collect()
}

fn table(study: &Study, rows: &[Row]) -> Table {
    let mut table = Table::new(
        Series::Supplement,
        "Robustness: every model on changed test images against itself on the images as they are.",
    );
    table.keys = 2;
    let level = number::percent(study.results.level);
    table.columns = ["Change", "Model"].map(Column::words).into();
    let numbers = [
        "AUC".to_owned(),
        "Changed".to_owned(),
        format!("Difference ({level} CI)"),
        "p".into(),
        "Sensitivity".into(),
        "Specificity".into(),
    ];
    table.columns.extend(numbers.map(Column::numbers));
    table.rows = rows.iter().map(|row| printed(study, row, &mut table.footnotes)).collect();
    table.notes = vec![
        "Difference: changed minus unchanged; p by DeLong's paired test, unadjusted: the question is what holds, not what is found. Sensitivity and \
         specificity: unchanged and changed, both at the threshold that was chosen on unchanged tuning exams."
            .to_owned(),
    ];
    let header = [
        "change",
        "model",
        "auc",
        "auc_changed",
        "difference",
        "ci_low",
        "ci_high",
        "p",
        "sensitivity",
        "sensitivity_changed",
        "specificity",
        "specificity_changed",
        "undefined",
    ];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = rows.iter().map(data_row).collect();
    table
}

fn printed(study: &Study, row: &Row, footnotes: &mut Footnotes) -> Vec<Cell> {
    let contrast = row.contrast;
    let limits = cell(&contrast.ci, |[low, high]| number::difference_limits([-high, -low]), footnotes);
    let difference = Cell { text: format!("{} ({})", number::difference(-contrast.difference), limits.text), ..limits };
    let model = study.results.model(&row.plain.name).map_or_else(|| row.plain.name.clone(), |model| study.title(model));
    let mut cells = vec![
        Cell::from(row.change.to_string()),
        Cell::from(model),
        Cell::from(number::area(row.plain.auc)),
        Cell::from(number::area(row.changed.auc)),
        difference,
        cell(&contrast.p, |p| number::p(*p), footnotes),
    ];
    for paired in [&contrast.sensitivity, &contrast.specificity] {
        cells.push(cell(paired, |rates| format!("{} \u{2192} {}", number::area(rates.a), number::area(rates.b)), footnotes));
    }
    cells
}

fn data_row(row: &Row) -> Vec<String> {
    let contrast = row.contrast;
    let [low, high] = exact_limits(&match &contrast.ci {
        crate::artifact::results::Estimate::Defined([low, high]) => crate::artifact::results::Estimate::Defined([-high, -low]),
        undefined => undefined.clone(),
    });
    let rates = |paired: &crate::artifact::results::Estimate<crate::artifact::results::PairedRate>| {
        paired.defined().map(|rates| [rates.a, rates.b].map(number::exact)).unwrap_or_default()
    };
    let facts = [
        row.change.slug(),
        row.plain.name.clone(),
        number::exact(row.plain.auc),
        number::exact(row.changed.auc),
        number::exact(-contrast.difference),
        low,
        high,
        number::exact_or_empty(&contrast.p),
    ];
    let paired = [rates(&contrast.sensitivity), rates(&contrast.specificity)].into_iter().flatten();
    facts.into_iter().chain(paired).chain([reason(&contrast.p)]).collect()
}
