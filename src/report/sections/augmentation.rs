//! One training slice in all its variants.

use anyhow::{Context, Result, ensure};

use super::Section;
use crate::artifact::ImageSet;
use crate::imaging::{Filter, Geometry, Recipe};
use crate::report::document::Block;
use crate::report::figure::{Figure, Image, Panel};
use crate::report::number;
use crate::report::study::Study;

pub(super) const SECTION: Section = Section { id: "augmentation", heading: "Augmentation", blocks };

const WIDTH_MM: f64 = 84.0;
/// Between two variants, pixels.
const GAP: usize = 2;

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let figures = study.augmented.iter().filter_map(|(product, set)| {
        let recipe = study.params.methods.values().filter_map(|methods| methods.augment.as_ref());
        let mut recipe = recipe;
        let recipe = recipe.find(|recipe| recipe.product().to_string() == *product)?;
        (!set.rows.is_empty()).then(|| figure(recipe, set).map(Block::Figure))
    });
    figures.collect()
}

/// A panel a window; rows are geometries, columns are filters.
fn figure(recipe: &Recipe, set: &ImageSet) -> Result<Figure> {
    let product = recipe.product();
    ensure!(set.rows.len() >= product, "{} augmented images for a recipe of {product} variants", set.rows.len());
    // The middle slice of the first exam: what is shown is not chosen by how it looks.
    let exam = &set.rows[0].exam;
    let slices = set.rows.iter().take_while(|row| row.exam == *exam).count() / product;
    let first = slices / 2 * product;
    let panels = (0..recipe.windows.len()).map(|window| panel(recipe, set, first, window)).collect::<Result<_>>()?;
    let windows: Vec<String> = recipe.windows.iter().map(|window| format!("{}/{}", window.width, window.level)).collect();
    let rows: Vec<String> = recipe.geometry.iter().map(geometry).collect();
    let columns: Vec<String> = recipe.filter.iter().map(|chain| filters(chain)).collect();
    let row = set.rows.get(first).context("BUG: an image that is not there")?;
    let caption = format!(
        "One training slice in its {} variants (exam {}, slice {}; the middle slice of the first training exam). A panel a window (width/level in HU: \
         {}); rows: {}; columns: {}.",
        number::count(product),
        row.exam,
        row.slice + 1,
        windows.join(", "),
        rows.join(", "),
        columns.join(", "),
    );
    Ok(Figure::new(format!("augmentation-x{product}"), caption, panels))
}

fn panel(recipe: &Recipe, set: &ImageSet, first: usize, window: usize) -> Result<Panel> {
    let (rows, columns) = (recipe.geometry.len(), recipe.filter.len());
    let (width, height) = (columns * (set.width + GAP) - GAP, rows * (set.height + GAP) - GAP);
    let mut sheet = vec![255; width * height];
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let image = set.image(first + (window * rows + row) * columns + column);
        let start = row * (set.height + GAP) * width + column * (set.width + GAP);
        for (line, pixels) in image.chunks_exact(set.width).enumerate() {
            sheet[start + line * width..][..set.width].copy_from_slice(pixels);
        }
    }
    let window = recipe.windows[window];
    let label = format!("window {}/{}", window.width, window.level);
    let description = format!("{rows} geometries by {columns} filters of one slice, {label}.");
    Image::grey(&sheet, (width, height))?.labelled(&label).panel(WIDTH_MM, &label, description)
}

fn geometry(geometry: &Geometry) -> String {
    match geometry {
        Geometry::Identity => "as it is".to_owned(),
        Geometry::Zoom(factor) => format!("magnified {factor} \u{d7}"),
        Geometry::Rotate(degrees) => format!("turned by {degrees}\u{b0}"),
    }
}

fn filters(chain: &[Filter]) -> String {
    let one = |filter: &Filter| match filter {
        Filter::Blur(sigma) => format!("blurred (\u{3c3} {sigma})"),
        Filter::Smooth => "smoothed".to_owned(),
        Filter::Sharpen => "sharpened".to_owned(),
        Filter::FindEdges => "edges".to_owned(),
        Filter::UnsharpMask { sigma, weight } => format!("unsharp mask (\u{3c3} {sigma}, weight {weight})"),
    };
    if chain.is_empty() { "as it is".to_owned() } else { chain.iter().map(one).collect::<Vec<_>>().join(" then ") }
}
