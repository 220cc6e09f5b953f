//! Tables on the page: rules above and below, columns as wide as their contents need, headings again on every page.

use super::flow::{Flow, Item, LEFT, Role, WIDTH, height_of};
use super::{CAPTION, EXHIBIT_AFTER, REMARK};
use crate::report::font::{Face, wrap};
use crate::report::table::{Cell, Table};

/// Sizes of letters, the largest first. The first is taken at which every cell has a line of its own, else at which no word has to be
/// broken.
const SIZES: [f64; 4] = [8.5, 8.0, 7.0, 6.5];
const LEADING: f64 = 1.3;
/// Rows no higher than this together are not torn apart, points.
const WHOLE: f64 = 200.0;
const GAP: f64 = 10.0;
const PAD: f64 = 2.5;
const HEAVY: f64 = 0.9;
const LIGHT: f64 = 0.45;
/// Size and rise of footnote letters, in units of the size.
const MARK: (f64, f64) = (0.7, 0.33);

/// Where the columns of a table lie.
struct Layout {
    size: f64,
    /// Left edge and width of each column.
    columns: Vec<(f64, f64)>,
}

/// A cell as lines; the last one carries the marks.
struct Laid {
    face: Face,
    lines: Vec<String>,
    marks: String,
}

/// Sets caption, table and remarks.
pub(super) fn set(flow: &mut Flow<'_>, table: &Table) {
    let layout = Layout::of(table);
    let head: Vec<Cell> = table.columns.iter().map(|column| Cell::from(column.name.as_str()).strong_if(true)).collect();
    let caption = [(Face::Bold, format!("{}. ", table.label())), (Face::Regular, table.caption.clone())];
    let above = height_of(&caption, CAPTION) + layout.height(&head);
    let rows: f64 = table.rows.iter().map(|row| layout.height(row)).sum();
    let first = table.rows.first().map_or(0.0, |row| layout.height(row));
    flow.keep(above + if rows <= WHOLE { rows + HEAVY } else { first });
    flow.spans(Role::Caption, &caption, CAPTION);
    layout.head(flow, table, &head, Role::Column);
    for row in &table.rows {
        if flow.keep(layout.height(row) + HEAVY) {
            layout.head(flow, table, &head, Role::Ornament);
        }
        flow.rows += 1;
        layout.row(flow, table, row, Role::Cell);
    }
    layout.rule(flow, HEAVY);
    for (mark, text) in table.remarks() {
        let letter = mark.map(|letter| format!("{letter} ")).unwrap_or_default();
        flow.paragraph(Role::Text, &format!("{letter}{text}"), REMARK);
    }
    flow.space(EXHIBIT_AFTER);
}

impl Layout {
    fn of(table: &Table) -> Self {
        let fits = |widths: fn(&Table, f64) -> Vec<f64>| {
            move |size: &&f64| widths(table, **size).iter().sum::<f64>() + gaps(table) <= WIDTH
        };
        let size = SIZES.iter().find(fits(whole)).or_else(|| SIZES.iter().find(fits(words)));
        let size = *size.unwrap_or(&SIZES[SIZES.len() - 1]);
        let (least, wish) = (words(table, size), whole(table, size));
        let widths = shared(&least, &wish, WIDTH - gaps(table));
        let placed = widths.into_iter().scan(LEFT, |left, width| {
            let place = (*left, width);
            *left += width + GAP;
            Some(place)
        });
        Self { size, columns: placed.collect() }
    }

    fn width(&self) -> f64 {
        self.columns.last().map_or(0.0, |(left, width)| left + width - LEFT)
    }

    fn laid(&self, row: &[Cell]) -> Vec<Laid> {
        row.iter().zip(&self.columns).map(|(cell, (_, width))| laid(cell, width / self.size)).collect()
    }

    fn height(&self, row: &[Cell]) -> f64 {
        let lines = self.laid(row).iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
        lines as f64 * self.size * LEADING + 2.0 * PAD
    }

    fn head(&self, flow: &mut Flow<'_>, table: &Table, head: &[Cell], role: Role) {
        flow.rows += 1;
        self.rule(flow, HEAVY);
        self.row(flow, table, head, role);
        self.rule(flow, LIGHT);
    }

    fn rule(&self, flow: &mut Flow<'_>, width: f64) {
        flow.piece(Role::Ornament);
        let y = flow.top();
        flow.item(Item::Rule { from: (LEFT, y), to: (LEFT + self.width(), y), width, color: [0; 3] });
    }

    fn row(&self, flow: &mut Flow<'_>, table: &Table, row: &[Cell], role: Role) {
        for (position, (cell, column)) in self.laid(row).iter().zip(&table.columns).enumerate() {
            flow.piece(if role == Role::Cell && position < table.keys { Role::Row } else { role });
            self.cell(flow, position, cell, column.numeric);
        }
        flow.advance(self.height(row));
    }

    fn cell(&self, flow: &mut Flow<'_>, position: usize, cell: &Laid, numeric: bool) {
        let (left, room) = self.columns[position];
        for (number, line) in cell.lines.iter().enumerate() {
            let marks = if number + 1 == cell.lines.len() { cell.marks.as_str() } else { "" };
            let (text, mark) = (cell.face.ems(line) * self.size, Face::Regular.ems(marks) * self.size * MARK.0);
            let x = if numeric { left + room - text - mark } else { left };
            let y = flow.top() + PAD + (number as f64 * LEADING + 0.95) * self.size;
            flow.item(Item::Text { at: (x, y), face: cell.face, size: self.size, text: line.clone() });
            if !marks.is_empty() {
                let at = (x + text, y - MARK.1 * self.size);
                flow.item(Item::Text { at, face: Face::Regular, size: self.size * MARK.0, text: marks.to_owned() });
            }
        }
    }
}

fn face(cell: &Cell) -> Face {
    if cell.strong { Face::Bold } else { Face::Regular }
}

fn laid(cell: &Cell, ems: f64) -> Laid {
    let marks = Face::Regular.ems(&cell.marks) * MARK.0;
    // A hair wider, so that what was measured to fit does.
    Laid { face: face(cell), lines: wrap(face(cell), &cell.text, ems - marks + 1e-6), marks: cell.marks.clone() }
}

fn gaps(table: &Table) -> f64 {
    GAP * table.columns.len().saturating_sub(1) as f64
}

/// The widest word of each column.
fn words(table: &Table, size: f64) -> Vec<f64> {
    widths(table, |face, text| text.split(' ').map(|word| face.ems(word)).fold(0.0, f64::max) * size, size)
}

/// The widest cell of each column.
fn whole(table: &Table, size: f64) -> Vec<f64> {
    widths(table, |face, text| face.ems(text) * size, size)
}

fn widths(table: &Table, width: impl Fn(Face, &str) -> f64, size: f64) -> Vec<f64> {
    let column = |(position, column): (usize, &crate::report::table::Column)| {
        let cells = table.rows.iter().filter_map(|row| row.get(position));
        let cells = cells.map(|cell| width(face(cell), &cell.text) + Face::Regular.ems(&cell.marks) * MARK.0 * size);
        cells.fold(width(Face::Bold, &column.name), f64::max)
    };
    table.columns.iter().enumerate().map(column).collect()
}

/// Divides `room`: each column gets what it wishes where that fits, else at least its least and a share of what is left.
fn shared(least: &[f64], wish: &[f64], room: f64) -> Vec<f64> {
    let (all_least, all_wish): (f64, f64) = (least.iter().sum(), wish.iter().sum());
    if all_wish <= room {
        return wish.to_vec();
    }
    if all_least >= room {
        return least.iter().map(|width| width * room / all_least).collect();
    }
    let share = (room - all_least) / (all_wish - all_least);
    least.iter().zip(wish).map(|(least, wish)| least + (wish - least) * share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_divided_without_taking_a_word_its_place() {
        assert_eq!(shared(&[10.0, 20.0], &[30.0, 20.0], 100.0), [30.0, 20.0]);
        assert_eq!(shared(&[10.0, 20.0], &[50.0, 20.0], 40.0), [20.0, 20.0]);
        assert_eq!(shared(&[30.0, 10.0], &[50.0, 20.0], 20.0), [15.0, 5.0]);
    }
}
