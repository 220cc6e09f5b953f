//! A picture in layers: each box stands one column right of the last that it reads from, near the middle of those.

use super::graph::{COLOURS, Picture};

const HEIGHT: f64 = 28.0;
const ROW: f64 = 44.0;
const GAP: f64 = 56.0;
const MARGIN: f64 = 12.0;
/// Of one letter.
const LETTER: f64 = 7.2;

/// A placed box.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
}

/// The picture as SVG, a line an element.
pub(super) fn svg(picture: &Picture) -> Vec<String> {
    let places = places(picture);
    let width = places.iter().map(|place| place.x + place.width).fold(0.0, f64::max) + MARGIN;
    let height = places.iter().map(|place| place.y + HEIGHT).fold(0.0, f64::max) + MARGIN;
    let head =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\">");
    let style = "<style>text{font:12px ui-monospace,monospace;fill:#222}path{fill:none;stroke:#888}</style>".to_owned();
    let edges = picture.edges.iter().map(|&(from, to)| arrow(places[from], places[to]));
    let boxes = picture.nodes.iter().zip(&places).map(|(node, place)| {
        let (_, fill, line) = COLOURS.iter().find(|(state, ..)| *state == node.state).unwrap_or(&COLOURS[0]);
        let (x, y, width, label) = (place.x, place.y, place.width, escaped(&node.label));
        let (middle, base) = (x + width / 2.0, y + HEIGHT / 2.0 + 4.0);
        let frame = format!("<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{HEIGHT}\" rx=\"5\" fill=\"{fill}\" stroke=\"{line}\"/>");
        let text = format!("<text x=\"{middle:.0}\" y=\"{base:.0}\" text-anchor=\"middle\">{label}</text>");
        format!("<g><title>{label}: {}</title>{frame}{text}</g>", node.state)
    });
    [head, style].into_iter().chain(edges).chain(boxes).chain(["</svg>".to_owned()]).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn arrow(from: Place, to: Place) -> String {
    let (x1, y1, x2, y2) = (from.x + from.width, from.y + HEIGHT / 2.0, to.x, to.y + HEIGHT / 2.0);
    let bend = (x2 - x1) / 2.0;
    format!("<path d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}\"/>", x1 + bend, x2 - bend)
}

fn places(picture: &Picture) -> Vec<Place> {
    let layers = ordered(picture);
    let mut places = vec![Place::default(); picture.nodes.len()];
    let tallest = layers.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let mut x = MARGIN;
    for layer in &layers {
        let width = |at: &usize| picture.nodes[*at].label.chars().count() as f64 * LETTER + 16.0;
        let widest = layer.iter().map(width).fold(0.0, f64::max);
        let top = MARGIN + (tallest - layer.len() as f64) * ROW / 2.0;
        for (row, at) in layer.iter().enumerate() {
            places[*at] = Place { x, y: top + row as f64 * ROW, width: widest };
        }
        x += widest + GAP;
    }
    places
}

/// Boxes by their column; within one by the mean place of what they read from, so that few arrows cross.
fn ordered(picture: &Picture) -> Vec<Vec<usize>> {
    let depths = depths(picture);
    let mut layers: Vec<Vec<usize>> = vec![vec![]; depths.iter().max().map_or(0, |depth| depth + 1)];
    depths.iter().enumerate().for_each(|(at, depth)| layers[*depth].push(at));
    let mut sources: Vec<Vec<usize>> = vec![vec![]; picture.nodes.len()];
    picture.edges.iter().for_each(|&(from, to)| sources[to].push(from));
    let mut rank = vec![0.5; picture.nodes.len()];
    for layer in &mut layers {
        let mean = |at: usize| {
            let from = &sources[at];
            if from.is_empty() { 0.5 } else { from.iter().map(|&from| rank[from]).sum::<f64>() / from.len() as f64 }
        };
        layer.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
        let count = layer.len() as f64;
        layer.iter().enumerate().for_each(|(row, &at)| rank[at] = (row as f64 + 0.5) / count);
    }
    layers
}

/// Columns: the longest way to each box. A box reads from earlier ones of the plan only, except where kinds stand for many steps and read
/// from each other in turn; then the number of rounds ends it.
fn depths(picture: &Picture) -> Vec<usize> {
    let mut depths = vec![0; picture.nodes.len()];
    for _ in 0..picture.nodes.len() {
        let mut moved = false;
        for &(from, to) in &picture.edges {
            if depths[to] <= depths[from] && depths[from] + 1 < picture.nodes.len() {
                depths[to] = depths[from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::super::graph::Node;
    use super::*;

    #[test]
    fn boxes_stand_right_of_what_they_read_from_and_never_over_each_other() {
        let node = |at: usize| Node { label: format!("step[{at}]"), state: "run" };
        let picture =
            Picture { nodes: (0..6).map(node).collect(), edges: [(0, 2), (1, 2), (0, 3), (2, 4), (3, 4), (0, 5)].into() };
        let places = places(&picture);
        assert!(picture.edges.iter().all(|&(from, to)| places[from].x + places[from].width < places[to].x));
        for (a, first) in places.iter().enumerate() {
            for second in &places[a + 1..] {
                assert!(first.x != second.x || (first.y - second.y).abs() >= HEIGHT);
            }
        }
    }

    #[test]
    fn kinds_that_read_from_each_other_end() {
        let node = |at: usize| Node { label: at.to_string(), state: "run" };
        let picture = Picture { nodes: (0..3).map(node).collect(), edges: [(0, 1), (1, 2), (2, 1)].into() };
        assert_eq!(svg(&picture).len(), 2 + 3 + 3 + 1);
    }
}
