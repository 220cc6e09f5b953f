//! The frame that tables with a row a model share.

use crate::artifact::results::ModelResult;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

/// A table with a row for each of `models`: what names it, then what `cells` says of it under the headings `columns`.
pub(super) fn by_model(
    study: &Study,
    (series, caption): (Series, &str),
    columns: &[String],
    models: &[&ModelResult],
    cells: impl Fn(&ModelResult, &mut Footnotes) -> Vec<Cell>,
) -> Table {
    let mut table = Table::new(series, caption);
    let keys = study.key_names();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).chain(columns.iter().map(Column::numbers)).collect();
    let mut row = |model: &&ModelResult| {
        let said = cells(model, &mut table.footnotes);
        study.keys(model).into_iter().map(Cell::from).chain(said).collect()
    };
    table.rows = models.iter().map(&mut row).collect();
    table
}
