//! Kind `window`: volumes in HU to 8-bit images in one window.
//!
//! Input: one volume an exam. Output `images`, one an exam's slice: exams as the parameters list them, slices in order. A slice is
//! windowed at its native size and the grey levels are resized, the order in which windowed slices are exported by hand.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, ImageRow, ImageSetWriter, Volume, VolumeReader};
use crate::imaging::{Fit, Image, Window};

/// The kind. Inputs `exams/<id>`.
pub const KIND: Kind = Kind {
    name: "window",
    version: 1,
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
    /// The exams of the set, in its order.
    pub exams: Vec<ExamLabel>,
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
    let exams = params.exams.iter().map(|exam| Ok((exam, volume_of(exam, volumes)?))).collect::<Result<Vec<_>>>()?;
    let mut count = 0;
    for (exam, files) in &exams {
        count += Volume::slices(files).with_context(|| format!("exam {}", exam.id))?.len();
    }
    let mut set = ImageSetWriter::create(out, count, params.size, params.size)?;
    for (exam, files) in exams {
        let volume = VolumeReader::open(files).with_context(|| format!("exam {}", exam.id))?;
        append(&mut set, exam, &images(params, &volume)?)?;
    }
    set.finish()
}

fn volume_of<'a>(exam: &ExamLabel, volumes: &'a BTreeMap<String, Files>) -> Result<&'a Files> {
    volumes.get(&exam.id).with_context(|| format!("exam {} has a label but no volume", exam.id))
}

fn images(params: &Params, volume: &VolumeReader) -> Result<Vec<Image>> {
    ensure!(volume.rows > 0 && volume.columns > 0, "a volume of {} x {} has no pixels", volume.rows, volume.columns);
    let image = |slice| {
        let native = Image::new(volume.columns, volume.rows, params.window.apply(&volume.slice(slice)?));
        Ok(params.fit.apply(&native, params.size))
    };
    (0..volume.slices.len()).into_par_iter().map(image).collect()
}

fn append(set: &mut ImageSetWriter, exam: &ExamLabel, images: &[Image]) -> Result<()> {
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
        Params { window: Window { width: 80.0, level: 35.0 }, size: 2, fit: Fit::Squash, exams }
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
    fn a_label_without_a_volume_is_named() {
        let failure = run(&params(&[("c", "none")]), &BTreeMap::new(), Path::new("/nowhere")).expect_err("no volume");
        assert_eq!(failure.to_string(), "exam c has a label but no volume");
    }

    #[test]
    fn version_1_writes_these_bytes() -> Result<()> {
        let (_folder, files) = volume(&[-5.0, 10.0, 34.5, 80.0, 20.0, 30.0, 40.0, 50.0])?;
        let out = tempfile::tempdir()?;
        let params = Params { size: 5, ..params(&[("a", "left")]) };
        run(&params, &BTreeMap::from([("a".to_owned(), files)]), out.path())?;
        assert_eq!((KIND.version, digest(out.path())?.as_str()), (1, "c9fb7aa56216f8ad"));
        Ok(())
    }
}
