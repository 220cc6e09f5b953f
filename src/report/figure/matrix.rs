//! A confusion matrix: a row a class of the reference standard, a column a class that was named, shaded by the share of the row.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, GAP_MM, LINE_MM, Panel, THIN_MM, drawing, fitted, mm, outline, stroke, text_style, text_width, write,
};
use crate::report::number;

const WIDTH_MM: f64 = 40.0;
/// Three of this width fill a page.
const MOST_WIDTH_MM: f64 = 54.0;
/// Room for the name of the axis that runs upwards.
const SIDE_MM: f64 = LINE_MM + GAP_MM;
const LEAST_CELL_MM: f64 = 8.0;
const MOST_LABEL_MM: f64 = 20.0;
/// What a whole row in one cell looks like.
const FULL: RGBColor = RGBColor(0x00, 0x72, 0xb2);
/// From this share on letters are white.
const DARK: f64 = 0.55;

/// Where cells lie, millimetres.
struct Grid {
    left: f64,
    top: f64,
    cell: (f64, f64),
    classes: usize,
}

/// Draws the counts `[reference][named]` of one model, whose name stands above.
pub(in crate::report) fn matrix(name: &str, classes: &[String], counts: &[Vec<usize>]) -> Result<Panel> {
    let grid = Grid::of(classes);
    let (width, height) = grid.size();
    let width = width.max(text_width(name).min(MOST_WIDTH_MM));
    Panel::draw((width, height), format!("Named classes, {name}"), description(name, classes, counts), |area| {
        write(area, &fitted(name, width), (0.0, LINE_MM / 2.0), HPos::Left, VPos::Center)?;
        grid.draw_names(area, classes)?;
        for (row, counts) in counts.iter().enumerate() {
            let total: usize = counts.iter().sum();
            counts.iter().enumerate().try_for_each(|(column, count)| grid.draw_cell(area, (row, column), *count, total))?;
        }
        Ok(())
    })
}

impl Grid {
    fn of(classes: &[String]) -> Self {
        let label = classes.iter().map(|class| text_width(class)).fold(0.0, f64::max).min(MOST_LABEL_MM);
        let left = SIDE_MM + label + GAP_MM;
        let width = ((WIDTH_MM - left) / classes.len() as f64).max(LEAST_CELL_MM.max(label + GAP_MM));
        Self { left, top: 3.0 * LINE_MM + GAP_MM, cell: (width, LEAST_CELL_MM), classes: classes.len() }
    }

    fn size(&self) -> (f64, f64) {
        let (width, height) = (self.cell.0 * self.classes as f64, self.cell.1 * self.classes as f64);
        (self.left + width + THIN_MM, self.top + height + THIN_MM)
    }

    fn draw_names(&self, area: &Area, classes: &[String]) -> Result<()> {
        let (width, height) = (self.cell.0 * self.classes as f64, self.cell.1 * self.classes as f64);
        write(area, "Named", (self.left + width / 2.0, 1.5 * LINE_MM), HPos::Center, VPos::Center)?;
        let upwards = text_style(HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
        area.draw_text("Reference", &upwards, (mm(LINE_MM / 2.0), mm(self.top + height / 2.0))).map_err(drawing)?;
        for (at, class) in classes.iter().enumerate() {
            let (x, y) = ((at as f64 + 0.5) * self.cell.0, (at as f64 + 0.5) * self.cell.1);
            let across = fitted(class, self.cell.0);
            write(area, &across, (self.left + x, self.top - GAP_MM / 2.0 - LINE_MM / 2.0), HPos::Center, VPos::Center)?;
            write(area, &fitted(class, MOST_LABEL_MM), (self.left - GAP_MM, self.top + y), HPos::Right, VPos::Center)?;
        }
        Ok(())
    }

    fn draw_cell(&self, area: &Area, (row, column): (usize, usize), count: usize, total: usize) -> Result<()> {
        let (left, top) = (self.left + column as f64 * self.cell.0, self.top + row as f64 * self.cell.1);
        let (right, bottom) = (left + self.cell.0, top + self.cell.1);
        let share = if total == 0 { 0.0 } else { count as f64 / total as f64 };
        area.draw(&Rectangle::new([(mm(left), mm(top)), (mm(right), mm(bottom))], FULL.mix(share).filled()))
            .map_err(drawing)?;
        outline(area, [(left, top), (right, top), (right, bottom), (left, bottom)], stroke(BLACK, THIN_MM))?;
        let ink = if share < DARK { BLACK } else { WHITE };
        let style = text_style(HPos::Center, VPos::Center).color(&ink);
        let middle = (mm((left + right) / 2.0), mm((top + bottom) / 2.0 + THIN_MM));
        area.draw_text(&number::count(count), &style, middle).map_err(drawing)
    }
}

fn description(name: &str, classes: &[String], counts: &[Vec<usize>]) -> String {
    let row = |(class, counts): (&String, &Vec<usize>)| {
        let named = classes.iter().zip(counts).map(|(named, count)| format!("{count} {named}"));
        format!("Of {class}, named: {}.", named.collect::<Vec<_>>().join(", "))
    };
    format!("{name}. {}", classes.iter().zip(counts).map(row).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_drawn_and_said() -> Result<()> {
        let classes = ["right", "none"].map(String::from);
        let panel = matrix("alexnet", &classes, &[vec![12, 3], vec![0, 45]])?;
        let svg = panel.to_svg("x").into_string();
        for text in
            ["alexnet", "right", "none", "12", "45", "Of right, named: 12 right, 3 none. Of none, named: 0 right, 45 none."]
        {
            assert!(svg.contains(text), "no `{text}` in {svg}");
        }
        Ok(())
    }

    #[test]
    fn long_names_and_many_classes_widen_the_sheet() {
        let classes: Vec<String> = (0..9).map(|at| format!("a class of a very long name {at}")).collect();
        let (width, _) = Grid::of(&classes).size();
        assert!(width > 9.0 * LEAST_CELL_MM, "{width}");
    }
}
