//! A figure of several panels as journals print it: one drawing, its panels in rows under their letters, as wide as one of the widths that
//! the journal prints, and on further sheets where it is higher than a page.

use anyhow::Result;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{COLUMN_MM, LINE_MM, Panel, TEXT_PT, write};
use super::{Figure, letter};
use crate::stage::paper::Paper;

/// Between panels, across and down.
const GUTTER_MM: f64 = 5.0;
/// Journals ask for letters of 8 to 12 points.
const LARGEST_TEXT_PT: f64 = 12.0;

/// Panels side by side.
struct Row<'a> {
    panels: &'a [Panel],
    /// Position of the first among the panels of the figure.
    first: usize,
}

impl Figure {
    /// The whole figure, sheet by sheet, with the stem of the files of each; nothing for a single panel, which is whole as it is.
    ///
    /// # Errors
    /// When a letter cannot be drawn.
    pub(in crate::report) fn sheets(&self) -> Result<Vec<(String, Panel)>> {
        self.layout().into_iter().map(|(stem, rows)| Ok((stem, self.sheet(&rows)?))).collect()
    }

    /// Stems of what is printed in one piece: the sheets, or the only panel.
    pub(in crate::report) fn printed(&self) -> Vec<String> {
        if self.panels.len() == 1 { self.lettered().map(|(_, stem, _)| stem).collect() } else { self.whole() }
    }

    /// Stems of the files of the whole figure.
    pub(super) fn whole(&self) -> Vec<String> {
        self.layout().into_iter().map(|(stem, _)| stem).collect()
    }

    /// What stands on which sheet.
    fn layout(&self) -> Vec<(String, Vec<Row<'_>>)> {
        let [first, _, ..] = self.panels.as_slice() else { return Vec::new() };
        let paper = first.paper;
        let pages = pages(self.rows(drawn(paper, paper.page_mm)), drawn(paper, paper.height_mm));
        let (stem, single) = (format!("figure{}-{}", self.number, self.slug), pages.len() == 1);
        let name = |page: usize| if single { stem.clone() } else { format!("{stem}-{}", page + 1) };
        pages.into_iter().enumerate().map(|(page, rows)| (name(page), rows)).collect()
    }

    /// As many panels in a row as fit and as leave no row much emptier than others.
    fn rows(&self, page: f64) -> Vec<Row<'_>> {
        let widest = self.panels.iter().map(|panel| panel.size.0).fold(0.0, f64::max);
        let fitting = (((page + GUTTER_MM) / (widest + GUTTER_MM)) as usize).max(1);
        let across = self.across.filter(|across| *across <= fitting).unwrap_or_else(|| {
            let rows = self.panels.len().div_ceil(fitting);
            self.panels.len().div_ceil(rows)
        });
        self.panels.chunks(across).enumerate().map(|(row, panels)| Row { panels, first: row * across }).collect()
    }

    /// Panels are magnified to fill the width as long as letters stay small enough for a journal and the sheet for a page.
    fn sheet(&self, rows: &[Row]) -> Result<Panel> {
        let paper = self.panels[0].paper;
        let needed = rows.iter().map(Row::width).fold(0.0, f64::max);
        let width = paper.widths().map(|width| drawn(paper, width)).find(|width| *width >= needed).unwrap_or(needed);
        let fill = |row: &Row| (width - row.gutters()) / (row.width() - row.gutters());
        let tallest = (drawn(paper, paper.height_mm) - height(rows, 0.0)) / (height(rows, 1.0) - height(rows, 0.0));
        let scale = rows.iter().map(fill).fold(tallest.min(LARGEST_TEXT_PT / TEXT_PT), f64::min).max(1.0);
        let placed: Vec<_> = placed(rows, scale).collect();
        let described: Vec<String> =
            placed.iter().map(|(at, panel, _)| format!("{}: {}", letter(*at), panel.description)).collect();
        let sheet = Panel::draw((width, height(rows, scale)), self.label(), described.join(" "), |area| {
            placed
                .iter()
                .try_for_each(|(at, _, (x, y))| write(area, &letter(*at), (*x, y + LINE_MM / 2.0), HPos::Left, VPos::Center))
        })?;
        let sheet = placed.iter().fold(sheet, |sheet, (_, panel, (x, y))| sheet.with(panel, (*x, y + LINE_MM), scale));
        Ok(sheet.printed_on(paper))
    }
}

impl Row<'_> {
    fn width(&self) -> f64 {
        self.panels.iter().map(|panel| panel.size.0).sum::<f64>() + self.gutters()
    }

    fn gutters(&self) -> f64 {
        GUTTER_MM * (self.panels.len() - 1) as f64
    }

    /// With its letters, which are not magnified.
    fn height(&self, scale: f64) -> f64 {
        LINE_MM + scale * self.panels.iter().map(|panel| panel.size.1).fold(0.0, f64::max)
    }
}

fn height(rows: &[Row], scale: f64) -> f64 {
    rows.iter().map(|row| row.height(scale) + GUTTER_MM).sum::<f64>() - GUTTER_MM
}

/// Position, panel and upper left corner with its letter, of all panels of a sheet.
fn placed<'a>(rows: &'a [Row<'a>], scale: f64) -> impl Iterator<Item = (usize, &'a Panel, (f64, f64))> {
    let mut top = 0.0;
    rows.iter().flat_map(move |row| {
        let y = top;
        top += row.height(scale) + GUTTER_MM;
        let mut x = 0.0;
        row.panels.iter().enumerate().map(move |(at, panel)| {
            let left = x;
            x += panel.size.0 * scale + GUTTER_MM;
            (row.first + at, panel, (left, y))
        })
    })
}

/// Rows that fit a page together; a row that is higher than a page has one of its own.
fn pages(rows: Vec<Row<'_>>, height: f64) -> Vec<Vec<Row<'_>>> {
    let mut pages: Vec<Vec<Row>> = Vec::new();
    let mut left = 0.0;
    for row in rows {
        match pages.last_mut().filter(|_| row.height(1.0) <= left) {
            Some(page) => {
                left -= row.height(1.0) + GUTTER_MM;
                page.push(row);
            }
            None => {
                left = height - row.height(1.0) - GUTTER_MM;
                pages.push(vec![row]);
            }
        }
    }
    pages
}

/// What is so many millimetres long in print, as it is drawn for [`COLUMN_MM`].
fn drawn(paper: Paper, printed: u32) -> f64 {
    f64::from(printed) * COLUMN_MM / f64::from(paper.column_mm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::paper::JOURNALS;

    fn figure(panels: usize, size: (f64, f64), paper: Paper) -> Result<Figure> {
        let panel = |_| Ok(Panel::draw(size, "t", "d", |_| Ok(()))?.printed_on(paper));
        Ok(Figure::new("x", "c", (0..panels).map(panel).collect::<Result<_>>()?))
    }

    fn printed(figure: &Figure) -> Result<Vec<(String, (f64, f64))>> {
        Ok(figure.sheets()?.into_iter().map(|(stem, sheet)| (stem, sheet.size_mm())).collect())
    }

    #[test]
    fn two_columns_fill_a_page_and_three_images_what_lies_between() -> Result<()> {
        let [(_, springer), (_, elsevier)] = JOURNALS;
        assert_eq!(printed(&figure(2, (84.0, 60.0), springer)?)?, [("figure0-x".to_owned(), (174.0, 64.26))]);
        assert_eq!(printed(&figure(2, (84.0, 60.0), elsevier)?)?[0].1.0, 190.0);
        assert_eq!(printed(&figure(3, (40.0, 40.0), elsevier)?)?[0].1.0, 140.0);
        assert_eq!(printed(&figure(2, (36.0, 40.0), springer)?)?[0].1.0, 84.0);
        Ok(())
    }

    #[test]
    fn a_single_panel_is_whole_and_many_go_on_over_sheets() -> Result<()> {
        assert_eq!(printed(&figure(1, (84.0, 60.0), Paper::default())?)?, []);
        let many = printed(&figure(48, (40.0, 50.0), Paper::default())?)?;
        assert_eq!(
            many.iter().map(|(stem, _)| stem.as_str()).collect::<Vec<_>>(),
            ["figure0-x-1", "figure0-x-2", "figure0-x-3", "figure0-x-4"]
        );
        assert!(many.iter().all(|(_, (width, height))| *width == 174.0 && *height <= 234.0), "{many:?}");
        Ok(())
    }

    #[test]
    fn panels_that_belong_together_stay_in_a_row() -> Result<()> {
        let figure = Figure { across: Some(3), ..figure(6, (36.0, 36.0), Paper::default())? };
        assert_eq!(figure.rows(174.0).iter().map(|row| row.panels.len()).collect::<Vec<_>>(), [3, 3]);
        Ok(())
    }
}
