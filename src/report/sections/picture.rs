//! What figures of single images share: maps stretched over the image, arrows that come from where there is room, words for a case.

use anyhow::Result;

use crate::artifact::{Case, Cases, Map};
use crate::report::figure::{Image, Mark, Panel};
use crate::report::study::Study;

/// Width of an image in a figure; two stand side by side in a column.
pub(super) const WIDTH_MM: f64 = 40.0;
/// Room that an arrow takes, millimetres.
const ARROW_MM: f64 = 8.0;

/// The picture of a case.
pub(super) fn grey(cases: &Cases, case: &Case) -> Result<Image> {
    Image::grey(cases.images.image(case.case), size(cases))
}

/// Columns and rows.
pub(super) fn size(cases: &Cases) -> (usize, usize) {
    (cases.images.width, cases.images.height)
}

/// An arrow at the edge of a disc about `place` (column, row), coming from the outside of the image unless there is no room.
pub(super) fn arrow(place: [f64; 2], radius: f64, (width, height): (usize, usize)) -> Mark {
    let (width, height) = (width as f64, height as f64);
    let away = [place[0] - width / 2.0, place[1] - height / 2.0];
    // What lies in the middle is pointed at from the upper right.
    let away = if away[0].hypot(away[1]) < 1.0 { [1.0, -1.0] } else { away };
    let length = away[0].hypot(away[1]);
    let outward = away.map(|part| part / length);
    let reach = radius + ARROW_MM * width / WIDTH_MM;
    let fits = |direction: [f64; 2]| {
        let [x, y] = [place[0] + reach * direction[0], place[1] + reach * direction[1]];
        (0.0..=width).contains(&x) && (0.0..=height).contains(&y)
    };
    let direction = if fits(outward) { outward } else { outward.map(|part| -part) };
    let tip = (place[0] + radius * direction[0], place[1] + radius * direction[1]);
    Mark::Arrow { tip, degrees: direction[1].atan2(direction[0]).to_degrees() }
}

/// An arrow at what is marked in a case: the centre of a pixel lies half a pixel from its edges.
pub(super) fn marked(case: &Case, size: (usize, usize)) -> Option<Mark> {
    let [column, row, radius] = case.place()?;
    Some(arrow([column + 0.5, row + 0.5], radius, size))
}

/// The values of a map at every pixel of an image of `size`, interpolated between the middles of its cells and scaled so that `range`
/// becomes 0 to 1; 0 outside of what the map covers.
pub(super) fn stretched(map: &Map, [low, high]: [f32; 2], (width, height): (usize, usize)) -> Vec<f32> {
    let [top, left, tall, wide] = map.frame;
    let [rows, columns] = map.shape;
    let span = if high > low { high - low } else { 1.0 };
    let pixel = |row: usize, column: usize| {
        let [y, x] = [(row as f64 + 0.5 - top) / tall, (column as f64 + 0.5 - left) / wide];
        if !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
            return 0.0;
        }
        let value = interpolated(map, y * rows as f64 - 0.5, x * columns as f64 - 0.5);
        (value - low) / span
    };
    (0..height).flat_map(|row| (0..width).map(move |column| (row, column))).map(|(row, column)| pixel(row, column)).collect()
}

fn interpolated(map: &Map, row: f64, column: f64) -> f32 {
    let [rows, columns] = map.shape;
    let [(r0, r1, down), (c0, c1, across)] = [(row, rows), (column, columns)].map(|(at, count)| {
        let at = at.clamp(0.0, (count - 1) as f64);
        let first = at.floor() as usize;
        (first, (first + 1).min(count - 1), (at - at.floor()) as f32)
    });
    let value = |row: usize, column: usize| map.values[row * columns + column];
    let line = |row: usize| value(row, c0) * (1.0 - across) + value(row, c1) * across;
    line(r0) * (1.0 - down) + line(r1) * down
}

/// The panel of an image of a case.
pub(super) fn panel(image: &Image, title: &str, description: impl Into<String>) -> Result<Panel> {
    image.panel(WIDTH_MM, title, description)
}

/// `exam 012, slice 3`.
pub(super) fn called(case: &Case) -> String {
    format!("exam {}, slice {}", case.exam, case.slice + 1)
}

/// A probability in a label or a caption; three decimals, and never a certainty that is none.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p > 0.9995 && p < 1.0 => "> 0.999".to_owned(),
        p if p < 0.0005 && p > 0.0 => "< 0.001".to_owned(),
        p => format!("{p:.3}"),
    }
}

/// The window of the images of a trained model (`width 80 HU, level 35 HU`).
pub(super) fn window(study: &Study, model: &str) -> String {
    study.params.methods.get(model).map_or_else(String::new, |methods| {
        let window = methods.images.window;
        format!("window of width {} HU and level {} HU", window.width, window.level)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_covers_its_frame_and_is_smooth_between_the_middles_of_its_cells() {
        let map = Map { frame: [1.0, 1.0, 2.0, 4.0], shape: [1, 2], values: vec![0.0, 4.0] };
        let stretched = stretched(&map, [0.0, 4.0], (6, 4));
        assert_eq!(stretched[..6], [0.0; 6]);
        assert_eq!(stretched[6..12], [0.0, 0.0, 0.25, 0.75, 1.0, 0.0]);
    }

    #[test]
    fn arrows_come_from_outside_unless_there_is_no_room() {
        let told = |place: [f64; 2]| match arrow(place, 2.0, (80, 80)) {
            Mark::Arrow { tip, degrees } => (tip.0.round(), tip.1.round(), degrees.round()),
            Mark::Frame { .. } => panic!("no arrow"),
        };
        assert_eq!(told([60.0, 40.0]), (62.0, 40.0, 0.0));
        assert_eq!(told([40.0, 20.0]), (40.0, 18.0, -90.0));
        assert_eq!(told([78.0, 40.0]), (76.0, 40.0, -180.0));
    }

    #[test]
    fn certainty_is_only_said_of_what_is_certain() {
        assert_eq!([1.0, 0.9999, 0.5, 0.0001, 0.0].map(probability), ["1.000", "> 0.999", "0.500", "< 0.001", "0.000"]);
    }
}
