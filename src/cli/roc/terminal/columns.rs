//! A table for people. A column in which no row has anything to say is left out, so that what was not asked for takes no room.

use comfy_table::{CellAlignment, Table, presets};

/// What stands where there is no number.
const NOTHING: &str = "–";

/// What a column says about a row.
type Cell<'a, R> = Box<dyn Fn(&R) -> Option<String> + 'a>;

/// A column: what stands above it, and what it says about a row.
pub(super) struct Column<'a, R> {
    title: String,
    cell: Cell<'a, R>,
}

impl<'a, R> Column<'a, R> {
    pub(super) fn new(title: impl Into<String>, cell: impl Fn(&R) -> Option<String> + 'a) -> Self {
        Self { title: title.into(), cell: Box::new(cell) }
    }
}

/// The rows under their titles, numbers to the right; where the terminal is too narrow, every name stands on a line of its own.
pub(super) fn table<R>(rows: &[R], title: &str, name: impl Fn(&R) -> String, columns: &[Column<'_, R>]) -> String {
    let said = columns.iter().map(|column| (&column.title, rows.iter().map(&column.cell).collect::<Vec<_>>()));
    let said: Vec<_> = said.filter(|(_, cells)| cells.iter().any(Option::is_some)).collect();
    let header = said.iter().map(|(title, _)| (*title).clone()).collect();
    let row = |row: usize| said.iter().map(|(_, cells)| cells[row].clone().unwrap_or_else(|| NOTHING.to_owned())).collect();
    let names = std::iter::once(title.to_owned()).chain(rows.iter().map(name));
    laid_out(&names.collect::<Vec<_>>(), &std::iter::once(header).chain((0..rows.len()).map(row)).collect::<Vec<_>>())
}

/// A line a name with its cells; both with their titles first.
fn laid_out(names: &[String], cells: &[Vec<String>]) -> String {
    let whole = names.iter().zip(cells).map(|(name, cells)| [std::slice::from_ref(name), cells].concat());
    let wide = aligned(whole.collect(), 1);
    match terminal_width() {
        Some(width) if wide.iter().any(|line| line.chars().count() > width) => {
            let numbers = aligned(cells.to_vec(), 0);
            names.iter().zip(numbers).map(|(name, numbers)| format!(" {name}\n   {numbers}\n")).collect()
        }
        _ => wide.iter().map(|line| format!("{line}\n")).collect(),
    }
}

/// Lines of equal columns, those from `first_number` on to the right.
fn aligned(rows: Vec<Vec<String>>, first_number: usize) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).add_rows(rows);
    for column in table.column_iter_mut().filter(|column| column.index >= first_number) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Of the terminal, or what `COLUMNS` says where there is none; `None` where lines may be as long as they like.
fn terminal_width() -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    Table::new().width().map(usize::from).or_else(said)
}
