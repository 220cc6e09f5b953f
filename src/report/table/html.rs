//! Tables for the page. On narrow screens the style sheet turns each row into a card; the roles keep it a table for readers of
//! the accessibility tree, which forget tables whose cells are no longer laid out as such.

use maud::{Markup, html};

use super::{Cell, Column, Table};

impl Table {
    /// Caption, table, remarks and links to the other forms.
    pub(in crate::report) fn to_html(&self) -> Markup {
        html! {
            div.exhibit id=(self.stem()) {
                table role="table" {
                    caption { strong { (self.label()) "." } " " (self.caption) }
                    thead role="rowgroup" { tr role="row" { @for column in &self.columns { (heading(column)) } } }
                    tbody role="rowgroup" { @for row in &self.rows { (self.html_row(row)) } }
                }
                @for (mark, text) in self.remarks() {
                    p.remark { @if let Some(letter) = mark { sup { (letter) } " " } (text) }
                }
                (self.html_links())
            }
        }
    }

    fn html_row(&self, row: &[Cell]) -> Markup {
        html! {
            tr role="row" {
                @for (position, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                    @if position < self.keys {
                        th scope="row" role="rowheader" data-label=(column.name) { (content(cell)) }
                    } @else {
                        td.number[column.numeric] role="cell" data-label=(column.name) { (content(cell)) }
                    }
                }
            }
        }
    }

    fn html_links(&self) -> Markup {
        let stem = self.stem();
        html! {
            p.files {
                @for form in ["csv", "tex", "md"] {
                    a href={ "tables/" (stem) "." (form) } aria-label={ (self.label()) " as " (form) } { (form) } " "
                }
            }
        }
    }
}

fn heading(column: &Column) -> Markup {
    html! { th.number[column.numeric] scope="col" role="columnheader" { (column.name) } }
}

fn content(cell: &Cell) -> Markup {
    html! {
        span {
            @if cell.strong { strong { (cell.text) } } @else { (cell.text) }
            @if !cell.marks.is_empty() { sup { (cell.marks) } }
        }
    }
}
