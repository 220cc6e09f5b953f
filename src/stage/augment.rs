//! Kind `augment`: every image of a set in all variants of a recipe.
//!
//! Inputs: the same images in each window of the recipe, in its order. Output `images`: image by image, each in all its variants,
//! in the order that [`Recipe::variants`] states.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, ImageRow, ImageSet, ImageSetWriter};
use crate::imaging::{Image, Recipe};

/// The kind. Inputs `windows/00`, `windows/01`, … in the order of the recipe.
pub const KIND: Kind = Kind {
    name: "augment",
    version: 1,
    outputs: &["images"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 10.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    let windowed: Vec<Files> = task.inputs_below("windows").into_values().collect();
    run(&task.params()?, &windowed, &task.job.port("images")?).map(|_| ())
}

/// The recipe decides everything beside the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(pub Recipe);

/// Writes the augmented set into `out` and returns how many variants each image became. A few images are in memory at a time.
///
/// # Errors
/// When the recipe cannot be carried out, the sets are not one a window or show different slices, or a file cannot be read or
/// written.
pub fn run(Params(recipe): &Params, windowed: &[Files], out: &Path) -> Result<usize> {
    recipe.check()?;
    let sets = windowed.iter().map(ImageSet::open).collect::<Result<Vec<_>>>()?;
    let first = same_slices(recipe, &sets)?;
    let mut writer = ImageSetWriter::create(out, first.rows.len() * recipe.product(), first.height, first.width)?;
    let indices: Vec<usize> = (0..first.rows.len()).collect();
    for chunk in indices.chunks(2 * rayon::current_num_threads()) {
        let augmented: Vec<_> = chunk.par_iter().map(|&index| recipe.variants(&views(&sets, index))).collect();
        for (&index, variants) in chunk.iter().zip(&augmented) {
            append(&mut writer, &first.rows[index], variants)?;
        }
    }
    writer.finish().map(|()| recipe.product())
}

fn same_slices<'a>(recipe: &Recipe, sets: &'a [ImageSet]) -> Result<&'a ImageSet> {
    let windows = recipe.windows.len();
    ensure!(sets.len() == windows, "{} image sets for a recipe of {windows} windows: one each is needed", sets.len());
    let first = sets.first().context("a recipe without windows")?;
    for (window, set) in sets.iter().enumerate() {
        ensure!(set.rows == first.rows, "the set of window {window} lists other slices than the set of window 0");
        let sizes = [(set.height, set.width), (first.height, first.width)];
        ensure!(
            sizes[0] == sizes[1],
            "the set of window {window} has images of {:?}, that of window 0 of {:?}",
            sizes[0],
            sizes[1]
        );
    }
    Ok(first)
}

fn views(sets: &[ImageSet], index: usize) -> Vec<Image> {
    sets.iter().map(|set| Image::new(set.width, set.height, set.image(index).to_vec())).collect()
}

fn append(writer: &mut ImageSetWriter, row: &ImageRow, variants: &[Image]) -> Result<()> {
    variants
        .iter()
        .enumerate()
        .try_for_each(|(variant, image)| writer.push(ImageRow { variant, ..row.clone() }, image.pixels()))
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;
    use crate::imaging::{Filter, Geometry, Window};

    fn recipe(windows: usize) -> Params {
        let windows = vec![Window { width: 80.0, level: 35.0 }; windows];
        let geometry = vec![Geometry::Identity, Geometry::Rotate(90.0)];
        Params(Recipe { windows, geometry, filter: vec![vec![], vec![Filter::Smooth]] })
    }

    fn set(greys: &[u8]) -> Result<(tempfile::TempDir, Files)> {
        let folder = tempfile::tempdir()?;
        let mut writer = ImageSetWriter::create(folder.path(), greys.len(), 3, 3)?;
        for (slice, &grey) in greys.iter().enumerate() {
            let row = ImageRow { image: 0, exam: "a".into(), slice, class: "none".into(), variant: 0 };
            writer.push(row, &[grey; 9])?;
        }
        writer.finish()?;
        let files = Files::of_folder(folder.path())?;
        Ok((folder, files))
    }

    #[test]
    fn every_image_comes_in_every_variant_image_by_image() -> Result<()> {
        let ((_a, brain), (_b, blood)) = (set(&[10, 20])?, set(&[110, 120])?);
        let out = tempfile::tempdir()?;
        assert_eq!(run(&recipe(2), &[brain, blood], out.path())?, 8);
        let set = ImageSet::open(&Files::of_folder(out.path())?)?;
        let told: Vec<_> = set.rows.iter().map(|row| (row.slice, row.variant, set.image(row.image)[4])).collect();
        let expected = |slice: usize, greys: [u8; 2]| (0..8).map(move |variant| (slice, variant, greys[variant / 4]));
        assert_eq!(told, expected(0, [10, 110]).chain(expected(1, [20, 120])).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn sets_that_do_not_fit_the_recipe_or_each_other_are_refused() -> Result<()> {
        let ((_a, two), (_b, one)) = (set(&[1, 2])?, set(&[1])?);
        let refused =
            |recipe: Params, sets: &[Files]| run(&recipe, sets, Path::new("/nowhere")).expect_err("unfit").to_string();
        assert_eq!(
            refused(recipe(2), std::slice::from_ref(&two)),
            "1 image sets for a recipe of 2 windows: one each is needed"
        );
        assert_eq!(refused(recipe(2), &[two, one]), "the set of window 1 lists other slices than the set of window 0");
        Ok(())
    }

    #[test]
    fn version_1_writes_these_bytes() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut writer = ImageSetWriter::create(folder.path(), 1, 8, 8)?;
        let pixels: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(37)).collect();
        writer.push(ImageRow { image: 0, exam: "a".into(), slice: 3, class: "left".into(), variant: 0 }, &pixels)?;
        writer.finish()?;
        let geometry = vec![Geometry::Identity, Geometry::Zoom(1.1), Geometry::Rotate(15.0)];
        let unsharp = Filter::UnsharpMask { sigma: 1.0, weight: 0.6 };
        let filter =
            vec![vec![], vec![Filter::Blur(2.0), Filter::Sharpen], vec![Filter::Smooth, Filter::FindEdges], vec![unsharp]];
        let recipe = Recipe { windows: vec![Window { width: 80.0, level: 35.0 }], geometry, filter };
        let out = tempfile::tempdir()?;
        run(&Params(recipe), &[Files::of_folder(folder.path())?], out.path())?;
        assert_eq!((KIND.version, digest(out.path())?.as_str()), (1, "61ca414af1b54cc3"));
        Ok(())
    }
}
