//! Tables for Markdown: pipe tables, as GitHub and pandoc read them.

use super::{Cell, Table};
use crate::report::markdown::escape;

impl Table {
    /// Caption, table and remarks.
    pub(in crate::report) fn to_markdown(&self) -> String {
        let head = line(self.columns.iter().map(|column| escape(&column.name)));
        let rule = line(self.columns.iter().map(|column| if column.numeric { "---:" } else { "---" }.to_owned()));
        let rows: String = self.rows.iter().map(|row| line(row.iter().map(cell))).collect();
        let remarks: String = self.remarks().map(remark).collect();
        format!("**{}.** {}\n\n{head}{rule}{rows}{remarks}", self.label(), escape(&self.caption))
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn cell(cell: &Cell) -> String {
    let text = escape(&cell.text);
    let text = if cell.strong { format!("**{text}**") } else { text };
    if cell.marks.is_empty() { text } else { format!("{text} <sup>{}</sup>", cell.marks) }
}

fn remark((mark, text): (Option<char>, &str)) -> String {
    let mark = mark.map(|letter| format!("<sup>{letter}</sup> ")).unwrap_or_default();
    format!("\n{mark}{}\n", escape(text))
}
