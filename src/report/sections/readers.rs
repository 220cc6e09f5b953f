//! Readers against models.

use anyhow::Result;

use super::Section;
use super::accuracy::{cell, exact_limits, reason};
use crate::artifact::results::{Contrast, Estimate};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "readers", heading: "Readers", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let contrasts = &study.results.reader_contrasts;
    if contrasts.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = Table::new(Series::Main, "Readers and models.");
    table.keys = 2;
    let level = number::percent(study.results.level);
    let numbers: [String; 5] =
        ["AUC, reader".into(), "AUC, model".into(), format!("Difference ({level} CI)"), "p".into(), "p, Holm".into()];
    table.columns = ["Reader", "Model"].map(Column::words).into_iter().chain(numbers.map(Column::numbers)).collect();
    table.rows = contrasts.iter().map(|row| self::row(study, row, &mut table.footnotes)).collect::<Result<_>>()?;
    table.notes = vec![
        "Differences are reader minus model. Two-sided p by DeLong's paired test; Holm: adjusted over all contrasts of readers with \
         models that have a p."
            .to_owned(),
    ];
    let header = ["reader", "model", "difference", "se", "ci_low", "ci_high", "z", "p", "p_holm", "undefined"];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = contrasts.iter().map(data_row).collect();
    Ok(vec![Block::Table(table)])
}

fn row(study: &Study, row: &Contrast, footnotes: &mut Footnotes) -> Result<Vec<Cell>> {
    let models = study.pair(row)?;
    let mut cells: Vec<Cell> = models.map(|model| Cell::from(study.title(model))).into();
    cells.extend(models.map(|model| Cell::from(number::area(model.auc))));
    let limits = cell(&row.ci, |limits| number::difference_limits(*limits), footnotes);
    cells.push(Cell { text: format!("{} ({})", number::difference(row.difference), limits.text), ..limits });
    cells.extend([&row.p, &row.p_holm].map(|p: &Estimate<f64>| cell(p, |p| number::p(*p), footnotes)));
    Ok(cells)
}

fn data_row(row: &Contrast) -> Vec<String> {
    let mut data = vec![row.a.clone(), row.b.clone(), number::exact(row.difference), number::exact_or_empty(&row.se)];
    data.extend(exact_limits(&row.ci));
    data.extend([&row.z, &row.p, &row.p_holm].map(number::exact_or_empty));
    data.push(reason(&row.p));
    data
}
