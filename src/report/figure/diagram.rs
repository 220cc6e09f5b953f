//! Boxes in a grid and arrows between them: flow charts, trees, outlines of a network.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, GAP_MM, LINE_MM, Panel, THIN_MM, drawing, fitted, mm, outline, path, stroke, text_width, write};

const BETWEEN_MM: f64 = 6.0;
const HEAD_MM: f64 = 1.6;

/// Boxes and what leads from one to another.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::report) struct Diagram {
    boxes: Vec<Boxed>,
    arrows: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Boxed {
    column: usize,
    row: usize,
    lines: Vec<String>,
}

impl Diagram {
    /// Puts a box into the grid, its text wrapped to its width, a line an item at least; the number by which arrows name it.
    pub(in crate::report) fn put(&mut self, (column, row): (usize, usize), lines: &[String]) -> usize {
        self.boxes.push(Boxed { column, row, lines: lines.to_vec() });
        self.boxes.len() - 1
    }

    /// Leads an arrow from one box to another: sideways within a row, else downwards.
    pub(in crate::report) fn lead(&mut self, from: usize, to: usize) {
        self.arrows.push((from, to));
    }

    /// The diagram as a panel of this width. All columns are equally wide; a row is as high as its highest box.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub(in crate::report) fn panel(&self, width_mm: f64, title: &str, description: impl Into<String>) -> Result<Panel> {
        let grid = Grid::of(self, width_mm);
        Panel::draw((width_mm, grid.height()), title, description, |area| {
            grid.boxes.iter().try_for_each(|laid| grid.draw(area, laid))?;
            self.arrows.iter().try_for_each(|(from, to)| grid.lead(area, &grid.boxes[*from], &grid.boxes[*to]))
        })
    }
}

/// A box on the sheet, millimetres.
struct Laid {
    row: usize,
    text: Vec<String>,
    /// Its middle.
    x: f64,
    y: f64,
    /// Half its height; it stands in the middle of its row.
    half: f64,
}

/// Where boxes and rows lie.
struct Grid {
    width: f64,
    boxes: Vec<Laid>,
    /// Upper end and height of each row.
    rows: Vec<(f64, f64)>,
}

impl Grid {
    fn of(diagram: &Diagram, width_mm: f64) -> Self {
        let columns = diagram.boxes.iter().map(|boxed| boxed.column + 1).max().unwrap_or(1) as f64;
        let width = (width_mm - 2.0 * THIN_MM - BETWEEN_MM * (columns - 1.0)) / columns;
        let lay = |boxed: &Boxed| {
            let text: Vec<String> = boxed.lines.iter().flat_map(|line| wrap(line, width - 2.0 * GAP_MM)).collect();
            let x = THIN_MM + boxed.column as f64 * (width + BETWEEN_MM) + width / 2.0;
            Laid { row: boxed.row, half: (text.len() as f64 * LINE_MM + GAP_MM) / 2.0, text, x, y: 0.0 }
        };
        let mut boxes: Vec<Laid> = diagram.boxes.iter().map(lay).collect();
        let rows = rows(&boxes);
        for laid in &mut boxes {
            laid.y = rows[laid.row].0 + rows[laid.row].1 / 2.0;
        }
        Self { width, boxes, rows }
    }

    fn height(&self) -> f64 {
        self.rows.last().map_or(0.0, |(top, height)| top + height + THIN_MM)
    }

    fn draw(&self, area: &Area, laid: &Laid) -> Result<()> {
        let (left, right) = (laid.x - self.width / 2.0, laid.x + self.width / 2.0);
        let (top, bottom) = (laid.y - laid.half, laid.y + laid.half);
        outline(area, [(left, top), (right, top), (right, bottom), (left, bottom)], stroke(BLACK, THIN_MM))?;
        laid.text.iter().enumerate().try_for_each(|(line, text)| {
            let y = top + GAP_MM / 2.0 + (line as f64 + 0.5) * LINE_MM;
            write(area, text, (laid.x, y), HPos::Center, VPos::Center)
        })
    }

    fn lead(&self, area: &Area, from: &Laid, to: &Laid) -> Result<()> {
        if from.row == to.row {
            let aside = (to.x - from.x).signum() * self.width / 2.0;
            return arrow(area, &[(from.x + aside, from.y), (to.x - aside, to.y)]);
        }
        let (start, end) = ((from.x, from.y + from.half), (to.x, to.y - to.half));
        let bend = self.rows[to.row].0 - BETWEEN_MM / 2.0;
        if from.x == to.x { arrow(area, &[start, end]) } else { arrow(area, &[start, (from.x, bend), (to.x, bend), end]) }
    }
}

/// Upper end and height of each row: as high as its highest box.
fn rows(boxes: &[Laid]) -> Vec<(f64, f64)> {
    let count = boxes.iter().map(|laid| laid.row + 1).max().unwrap_or(0);
    let height = |row| boxes.iter().filter(|laid| laid.row == row).map(|laid| 2.0 * laid.half).fold(0.0, f64::max);
    (0..count).map(height).fold(Vec::new(), |mut rows: Vec<(f64, f64)>, height| {
        let top = rows.last().map_or(THIN_MM, |(top, height)| top + height + BETWEEN_MM);
        rows.push((top, height));
        rows
    })
}

/// A line with a head at its end.
fn arrow(area: &Area, places: &[(f64, f64)]) -> Result<()> {
    let [.., before, tip] = places else { return Ok(()) };
    let length = (tip.0 - before.0).hypot(tip.1 - before.1).max(f64::MIN_POSITIVE);
    let (cos, sin) = ((tip.0 - before.0) / length, (tip.1 - before.1) / length);
    let back = |aside: f64| (tip.0 - HEAD_MM * cos - aside * sin, tip.1 - HEAD_MM * sin + aside * cos);
    let neck = back(0.0);
    let shaft: Vec<_> = places[..places.len() - 1].iter().copied().chain([neck]).collect();
    path(area, &shaft, stroke(BLACK, THIN_MM))?;
    let head: Vec<_> = [*tip, back(HEAD_MM / 3.0), back(-HEAD_MM / 3.0)].iter().map(|(x, y)| (mm(*x), mm(*y))).collect();
    area.draw(&Polygon::new(head, BLACK.filled())).map_err(drawing)
}

/// `text` in lines no wider than `width`; a word that is wider is cut.
fn wrap(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(" ") + text_width(word) <= width => *line = format!("{line} {word}"),
            _ => lines.push(fitted(word, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_loses_no_word() {
        let text = "Excluded: no reference standard, motion artefacts, slice thickness above 6 mm";
        let lines = wrap(text, 30.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| text_width(line) <= 30.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn rows_are_as_high_as_their_highest_box() -> Result<()> {
        let mut diagram = Diagram::default();
        let screened = diagram.put((0, 0), &["170 exams".into()]);
        let excluded = diagram.put((1, 0), &["5 excluded".into(), "motion: 3".into(), "thick slices: 2".into()]);
        let kept = diagram.put((0, 1), &["165 exams".into()]);
        diagram.lead(screened, excluded);
        diagram.lead(screened, kept);
        let panel = diagram.panel(84.0, "Flow", "d")?;
        let expected = 3.0 * LINE_MM + GAP_MM + BETWEEN_MM + LINE_MM + GAP_MM + 2.0 * THIN_MM;
        assert!((panel.size.1 - expected).abs() < 1e-9, "{:?}", panel.size);
        Ok(())
    }
}
