//! Kind `window`: volumes in HU to 8-bit images in one window.
//!
//! Input: one volume an exam. Output `images`, one an exam's slice: exams as the parameters list them or in an order that only their contents
//! decide, slices in order. A slice is windowed at its native size and the grey levels are resized, the order in which windowed slices are
//! exported by hand.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, ImageRow, ImageSetWriter, SliceRow, Volume, VolumeReader};
use crate::imaging::{Aspect, Fit, Image, Window};

/// The kind. Inputs `exams/<id>`.
pub const KIND: Kind = Kind {
    name: "window",
    version: 2,
    outputs: &["images"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, &task.inputs_below("exams"), &task.job.port("images")?)
}

/// Everything that decides the images beside the volumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The window.
    pub window: Window,
    /// Side of the square, pixels.
    pub size: usize,
    /// How other shapes come to the square.
    pub fit: Fit,
    /// The exams of the set.
    pub exams: Vec<ExamLabel>,
    /// How they follow each other.
    pub order: Order,
}

/// How the exams of a set follow each other. A training goes through the images by their places in the set, so the order decides bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As the parameters list them.
    Listed,
    /// By a digest of what was ingested: whatever exams are called, the same ones come in the same order.
    Contents,
}

/// An exam and its reference standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamLabel {
    /// The exam, as the volumes are keyed.
    pub id: String,
    /// Class name.
    pub class: String,
}

/// Writes the image set into `out`, exam by exam: of each volume as many slices are in memory as there are threads.
///
/// # Errors
/// When the window or the size is empty, an exam has no volume, or a file cannot be read or written.
pub fn run(params: &Params, volumes: &BTreeMap<String, Files>, out: &Path) -> Result<()> {
    ensure!(params.size > 0, "images of size 0: the side is at least 1 pixel");
    ensure!(params.window.width >= 1.0, "window width {} is not at least 1 HU", params.window.width);
    let exams = params.ordered(volumes)?;
    let mut set = ImageSetWriter::create(out, count(&exams)?, params.size, params.size)?;
    for Ordered { exam, files, .. } in exams {
        let volume = VolumeReader::open(files).with_context(|| format!("exam {}", exam.id))?;
        append(&mut set, exam, &images(params, &volume)?)?;
    }
    set.finish()
}

/// An exam at its place in the set.
#[derive(Debug)]
pub(super) struct Ordered<'a> {
    pub(super) exam: &'a ExamLabel,
    pub(super) files: &'a Files,
    /// Where its random stream comes from: its id where exams come as listed, else the digest of what was ingested.
    pub(super) name: String,
}

impl Params {
    /// The exams with their volumes, in the order of the set.
    pub(super) fn ordered<'a>(&'a self, volumes: &'a BTreeMap<String, Files>) -> Result<Vec<Ordered<'a>>> {
        let one = |exam: &'a ExamLabel| {
            let files = volumes.get(&exam.id).with_context(|| format!("exam {} has a label but no volume", exam.id))?;
            let name = match self.order {
                Order::Listed => exam.id.clone(),
                Order::Contents => contents(files).with_context(|| format!("exam {}", exam.id))?,
            };
            Ok(Ordered { exam, files, name })
        };
        let mut exams = self.exams.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        if self.order == Order::Contents {
            exams.sort_by(|a, b| (&a.name, &a.exam.class, &a.exam.id).cmp(&(&b.name, &b.exam.class, &b.exam.id)));
        }
        Ok(exams)
    }
}

/// The digest of a volume: of its values, its geometry and how it was acquired, and of no name.
fn contents(files: &Files) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for (name, path) in files.iter() {
        let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        hasher.update(name.as_bytes()).update(&size.to_le_bytes());
        hasher.update_mmap(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Slices of all exams.
pub(super) fn count(exams: &[Ordered<'_>]) -> Result<usize> {
    exams
        .iter()
        .map(|Ordered { exam, files, .. }| Ok(Volume::slices(files).with_context(|| format!("exam {}", exam.id))?.len()))
        .sum()
}

/// The shape of a slice's pixels.
pub fn aspect(slice: &SliceRow) -> Aspect {
    Aspect::of(slice.row_spacing_mm, slice.column_spacing_mm)
}

fn images(params: &Params, volume: &VolumeReader) -> Result<Vec<Image>> {
    ensure!(volume.rows > 0 && volume.columns > 0, "a volume of {} x {} has no pixels", volume.rows, volume.columns);
    let image = |slice| {
        let native = Image::new(volume.columns, volume.rows, params.window.apply(&volume.slice(slice)?));
        Ok(params.fit.apply(&native, aspect(&volume.slices[slice]), params.size))
    };
    (0..volume.slices.len()).into_par_iter().map(image).collect()
}

pub(super) fn append(set: &mut ImageSetWriter, exam: &ExamLabel, images: &[Image]) -> Result<()> {
    images.iter().enumerate().try_for_each(|(slice, image)| {
        let row = ImageRow { image: 0, exam: exam.id.clone(), slice, class: exam.class.clone(), variant: 0 };
        set.push(row, image.pixels())
    })
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;
    use crate::artifact::{ImageSet, SliceRow};

    fn volume(hu: &[f32]) -> Result<(tempfile::TempDir, Files)> {
        let slice = |slice| SliceRow {
            slice,
            position_mm: slice as f64,
            row_spacing_mm: 0.5,
            column_spacing_mm: 0.5,
            thickness_mm: None,
            tilt_deg: 0.0,
        };
        let slices = (0..hu.len() / 4).map(slice).collect();
        let folder = tempfile::tempdir()?;
        Volume { slices, rows: 2, columns: 2, hu: hu.to_vec(), series: BTreeMap::new() }.write(folder.path())?;
        let files = Files::of_folder(folder.path())?;
        Ok((folder, files))
    }

    fn params(exams: &[(&str, &str)]) -> Params {
        let exams = exams.iter().map(|(id, class)| ExamLabel { id: (*id).into(), class: (*class).into() }).collect();
        Params { window: Window { width: 80.0, level: 35.0 }, size: 2, fit: Fit::Squash, exams, order: Order::Listed }
    }

    #[test]
    fn exams_come_as_listed_and_slices_in_order() -> Result<()> {
        let (_a, first) = volume(&[-1024.0, 300.0, 34.5, 0.0, 300.0, 300.0, 300.0, 300.0])?;
        let (_b, second) = volume(&[-1024.0; 4])?;
        let volumes = BTreeMap::from([("a".to_owned(), first), ("b".to_owned(), second)]);
        let out = tempfile::tempdir()?;
        run(&params(&[("b", "none"), ("a", "left")]), &volumes, out.path())?;
        let set = ImageSet::open(&Files::of_folder(out.path())?)?;
        let told: Vec<_> = set.rows.iter().map(|row| (row.exam.as_str(), row.slice, row.class.as_str())).collect();
        assert_eq!(told, [("b", 0, "none"), ("a", 0, "left"), ("a", 1, "left")]);
        assert_eq!((set.image(0), set.image(1), set.image(2)), (&[0; 4][..], &[0, 255, 128, 16][..], &[255; 4][..]));
        Ok(())
    }

    #[test]
    fn in_the_order_of_contents_names_decide_nothing() -> Result<()> {
        let contents: Vec<_> = [0.0, 10.0, 20.0, 30.0, 40.0].map(|hu| volume(&[hu; 4])).into_iter().collect::<Result<_>>()?;
        let greys = |names: [&str; 5]| -> Result<Vec<u8>> {
            let volumes = names.into_iter().zip(&contents).map(|(name, (_, files))| (name.to_owned(), files.clone())).collect();
            let out = tempfile::tempdir()?;
            let mut params = Params { order: Order::Contents, ..params(&names.map(|name| (name, "left"))) };
            params.exams.sort_by(|a, b| a.id.cmp(&b.id));
            run(&params, &volumes, out.path())?;
            Ok(ImageSet::open(&Files::of_folder(out.path())?)?.pixels().to_vec())
        };
        assert_eq!(greys(["a", "b", "c", "d", "e"])?, greys(["q", "e", "x", "a", "m"])?);
        Ok(())
    }

    #[test]
    fn slices_of_pixels_that_are_no_squares_keep_their_shape_in_mm_where_asked() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let slice = SliceRow {
            slice: 0,
            position_mm: 0.0,
            row_spacing_mm: 1.0,
            column_spacing_mm: 0.5,
            thickness_mm: None,
            tilt_deg: 0.0,
        };
        let series = BTreeMap::new();
        Volume { slices: vec![slice], rows: 4, columns: 4, hu: vec![300.0; 16], series }.write(folder.path())?;
        let volumes = BTreeMap::from([("a".to_owned(), Files::of_folder(folder.path())?)]);
        let image = |fit| -> Result<Vec<u8>> {
            let out = tempfile::tempdir()?;
            run(&Params { size: 4, fit, ..params(&[("a", "left")]) }, &volumes, out.path())?;
            Ok(ImageSet::open(&Files::of_folder(out.path())?)?.image(0).to_vec())
        };
        assert_eq!(image(Fit::Squash)?, [255; 16]);
        assert_eq!(image(Fit::Pad)?, [[0, 255, 255, 0]; 4].concat());
        Ok(())
    }

    #[test]
    fn a_label_without_a_volume_is_named() {
        let failure = run(&params(&[("c", "none")]), &BTreeMap::new(), Path::new("/nowhere")).expect_err("no volume");
        assert_eq!(failure.to_string(), "exam c has a label but no volume");
    }

    #[test]
    fn version_2_writes_these_bytes() -> Result<()> {
        let (_folder, files) = volume(&[-5.0, 10.0, 34.5, 80.0, 20.0, 30.0, 40.0, 50.0])?;
        let out = tempfile::tempdir()?;
        let params = Params { size: 5, ..params(&[("a", "left")]) };
        run(&params, &BTreeMap::from([("a".to_owned(), files)]), out.path())?;
        assert_eq!((KIND.version, digest(out.path())?.as_str()), (2, "c9fb7aa56216f8ad"));
        Ok(())
    }
}
