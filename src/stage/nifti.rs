//! Kind `nifti`: the NIfTI-1 file of one exam to its volume.
//!
//! Input `nifti`: one file, `.nii` or `.nii.gz`. Output `volume`. Slices run from the feet to the head and are turned to the radiological
//! convention, as the affine of the file says; a file without one is refused, because then nobody knows which way is up. Values are taken
//! as the file scales them: that they are HU is the author's word, for the format has no field that says so.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use nifti::{NiftiHeader, NiftiObject, NiftiVolume, RandomAccessNiftiVolume, ReaderOptions};

use super::ingest::Params;
use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, SliceRow, Volume};
use crate::dicom::{ExamFiles, SeriesFiles};
use crate::labels::Slices;

/// The kind. Input `nifti`; parameters are those of `ingest`.
pub const KIND: Kind = Kind {
    name: "nifti",
    version: 1,
    outputs: &["volume"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, task.input("nifti")?, &task.job.port("volume")?)
}

/// Every NIfTI file below `root` is an exam, called as its path without the extension.
///
/// # Errors
/// When a folder cannot be listed.
pub fn scan(root: &Path) -> Result<Vec<ExamFiles>> {
    let files = Files::of_folder(root)?;
    let stem = |name: &str| name.strip_suffix(".nii.gz").or_else(|| name.strip_suffix(".nii")).map(str::to_owned);
    let exam = |(name, path): (&str, &Path)| {
        let called = stem(name)?;
        let file = name.rsplit('/').next().unwrap_or(name).to_owned();
        let series = SeriesFiles {
            uid: String::new(),
            modality: String::new(),
            description: String::new(),
            files: vec![(file, path.to_owned())],
            texts: 0,
        };
        let folder = called.clone();
        Some(ExamFiles { study: called, patient: String::new(), accession: String::new(), folder, series: vec![series] })
    };
    Ok(files.iter().filter_map(exam).collect())
}

/// How many slices will be used.
///
/// # Errors
/// When the header cannot be read, gives no orientation, or no slice is kept.
pub fn foresee(files: &Files, slices: &Slices) -> Result<usize> {
    let path = only(files)?;
    let header = NiftiHeader::from_file(path).with_context(|| format!("cannot read {}", path.display()))?;
    let geometry = Geometry::of(&header)?;
    Ok(slices.of(&geometry.places())?.len())
}

/// Writes the volume into `out`.
///
/// # Errors
/// When the file cannot be read, is no single volume, gives no orientation, holds a value that is no number, or no slice is kept.
pub fn run(params: &Params, files: &Files, out: &Path) -> Result<()> {
    let path = only(files)?;
    let place = || format!("cannot read {}", path.display());
    let object = ReaderOptions::new().read_file(path).with_context(place)?;
    let geometry = Geometry::of(object.header()).with_context(place)?;
    let volume = object.volume();
    let rank = volume.dim().len();
    let kept = params.slices.of(&geometry.places())?;
    let [columns, rows, _] = geometry.sizes();
    let mut hu = Vec::with_capacity(kept.len() * rows * columns);
    for slice in &kept {
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let mut at = vec![0; rank];
            at[..3].copy_from_slice(&geometry.voxel(column, row, *slice));
            let value = volume.get_f32(&at).with_context(place)?;
            ensure!(value.is_finite(), "{}: the value at {at:?} is no number", path.display());
            hu.push(value);
        }
    }
    let slices = kept.iter().enumerate().map(|(index, slice)| geometry.row(index, *slice)).collect();
    Volume { slices, rows, columns, hu, series: [("Format".to_owned(), "NIfTI-1".to_owned())].into() }.write(out)
}

fn only(files: &Files) -> Result<&Path> {
    let mut files = files.iter();
    match (files.next(), files.next()) {
        (Some((_, path)), None) => Ok(path),
        _ => bail!("an exam is one NIfTI file"),
    }
}

/// How voxels lie in the patient. World axes are the patient's left to right, back to front, feet to head (RAS+), mm.
struct Geometry {
    dim: [u16; 3],
    /// Step of the world coordinates along each voxel axis.
    steps: [[f64; 3]; 3],
    origin: [f64; 3],
    /// The voxel axis that runs along each world axis.
    axes: [usize; 3],
}

impl Geometry {
    fn of(header: &NiftiHeader) -> Result<Self> {
        let [rank, x, y, z, more @ ..] = header.dim;
        let single = (3..=7).contains(&rank) && more[..usize::from(rank) - 3].iter().all(|size| *size == 1);
        ensure!(single && x > 0 && y > 0 && z > 0, "its dimensions {:?} are not those of one volume", header.dim);
        let (steps, origin) = affine(header)?;
        ensure!(steps.iter().flatten().chain(&origin).all(|value| value.is_finite()), "its affine holds what is no number");
        let along = |world: usize| (0..3).max_by(|a, b| steps[*a][world].abs().total_cmp(&steps[*b][world].abs())).unwrap_or(0);
        let axes = [along(0), along(1), along(2)];
        let proper = (0..3).all(|axis| axes.contains(&axis) && steps[axis].iter().any(|step| *step != 0.0));
        ensure!(proper, "its affine does not tell which axis runs from the feet to the head");
        Ok(Self { dim: [x, y, z], steps, origin, axes })
    }

    /// Columns, rows and slices.
    fn sizes(&self) -> [usize; 3] {
        self.axes.map(|axis| usize::from(self.dim[axis]))
    }

    /// The voxel at a place of the volume: columns from the patient's right, rows from the front, slices from the feet.
    fn voxel(&self, column: usize, row: usize, slice: usize) -> [u16; 3] {
        let mut voxel = [0; 3];
        for (world, (at, ascends)) in [(column, false), (row, false), (slice, true)].into_iter().enumerate() {
            let axis = self.axes[world];
            let forward = (self.steps[axis][world] > 0.0) == ascends;
            voxel[axis] = if forward { at as u16 } else { self.dim[axis] - 1 - at as u16 };
        }
        voxel
    }

    /// Where each slice lies along the slices' normal, mm, ascending.
    fn places(&self) -> Vec<f64> {
        (0..self.sizes()[2]).map(|slice| self.place(slice)).collect()
    }

    fn place(&self, slice: usize) -> f64 {
        let (axis, normal) = (self.axes[2], self.normal());
        let number = f64::from(self.voxel(0, 0, slice)[axis]);
        (0..3).map(|world| (self.origin[world] + number * self.steps[axis][world]) * normal[world]).sum()
    }

    /// Across the slices, towards the head.
    fn normal(&self) -> [f64; 3] {
        let step = self.steps[self.axes[2]];
        let length = self.spacing(2).copysign(step[2]);
        step.map(|part| part / length)
    }

    fn spacing(&self, world: usize) -> f64 {
        self.steps[self.axes[world]].iter().map(|step| step * step).sum::<f64>().sqrt()
    }

    fn row(&self, index: usize, slice: usize) -> SliceRow {
        SliceRow {
            slice: index,
            position_mm: self.place(slice),
            row_spacing_mm: self.spacing(1),
            column_spacing_mm: self.spacing(0),
            thickness_mm: None,
            tilt_deg: self.normal()[2].clamp(-1.0, 1.0).acos().to_degrees(),
        }
    }
}

/// Steps of the world coordinates along each voxel axis, and the world coordinates of the first voxel: by method 3 (`sform`), else by
/// method 2 (`qform`) of the NIfTI-1 standard, section "3D image orientation and location in space".
fn affine(header: &NiftiHeader) -> Result<([[f64; 3]; 3], [f64; 3])> {
    if header.sform_code > 0 {
        let rows = [header.srow_x, header.srow_y, header.srow_z].map(|row| row.map(f64::from));
        let step = |axis: usize| [rows[0][axis], rows[1][axis], rows[2][axis]];
        return Ok(([step(0), step(1), step(2)], [rows[0][3], rows[1][3], rows[2][3]]));
    }
    ensure!(header.qform_code > 0, "it has neither sform nor qform: nobody knows which way is up");
    let [b, c, d] = [header.quatern_b, header.quatern_c, header.quatern_d].map(f64::from);
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ];
    let mut spacing = [1, 2, 3].map(|at| f64::from(header.pixdim[at]));
    if header.pixdim[0] < 0.0 {
        spacing[2] = -spacing[2];
    }
    let step = |axis: usize| [0, 1, 2].map(|world: usize| rotation[world][axis] * spacing[axis]);
    Ok(([step(0), step(1), step(2)], [header.quatern_x, header.quatern_y, header.quatern_z].map(f64::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 2 x 2 x 2 voxels 0 to 7, x fastest, with these rows as its sform.
    fn file(folder: &Path, sform: Option<[[f32; 4]; 3]>) -> Result<Files> {
        let mut bytes = vec![0_u8; 352];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &348_i32.to_le_bytes());
        for (at, size) in [3_i16, 2, 2, 2, 1, 1, 1, 1].into_iter().enumerate() {
            put(40 + 2 * at, &size.to_le_bytes());
        }
        put(70, &4_i16.to_le_bytes());
        put(72, &16_i16.to_le_bytes());
        for at in 0..4 {
            put(76 + 4 * at, &1.0_f32.to_le_bytes());
        }
        put(108, &352.0_f32.to_le_bytes());
        put(112, &2.0_f32.to_le_bytes());
        put(116, &(-10.0_f32).to_le_bytes());
        for (row, values) in sform.iter().flatten().enumerate() {
            put(254, &1_i16.to_le_bytes());
            for (column, value) in values.iter().enumerate() {
                put(280 + 16 * row + 4 * column, &value.to_le_bytes());
            }
        }
        put(344, b"n+1\0");
        bytes.extend((0..8_i16).flat_map(i16::to_le_bytes));
        std::fs::write(folder.join("a.nii"), bytes)?;
        Files::of_folder(folder)
    }

    fn read(sform: [[f32; 4]; 3]) -> Result<Volume> {
        let (folder, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        run(&Params { slices: Slices::All }, &file(folder.path(), Some(sform))?, out.path())?;
        Volume::open(&Files::of_folder(out.path())?)
    }

    #[test]
    fn whichever_way_it_is_stored_the_right_is_left_the_front_on_top_and_the_feet_first() -> Result<()> {
        // RAS: x to the right, y to the front, z to the head; values are scaled by 2 and moved by -10.
        let ras = read([[0.5, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 5.0, -3.0]])?;
        assert_eq!(ras.slice(0), [-4.0, -6.0, -8.0, -10.0]);
        assert_eq!(ras.slices.iter().map(|slice| slice.position_mm).collect::<Vec<_>>(), [-3.0, 2.0]);
        // LPI: everything the other way round.
        let lpi = read([[-0.5, 0.0, 0.0, 0.0], [0.0, -0.5, 0.0, 0.0], [0.0, 0.0, -5.0, -3.0]])?;
        assert_eq!(lpi.slice(1), [-10.0, -8.0, -6.0, -4.0]);
        assert_eq!(lpi.slices.iter().map(|slice| slice.position_mm).collect::<Vec<_>>(), [-8.0, -3.0]);
        // Stored sagittally: the first axis runs to the head.
        let turned = read([[0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0], [5.0, 0.0, 0.0, 0.0]])?;
        assert_eq!(turned.slice(0), [2.0, -2.0, -6.0, -10.0]);
        Ok(())
    }

    #[test]
    fn what_does_not_say_which_way_is_up_is_refused() -> Result<()> {
        let (folder, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let told = run(&Params { slices: Slices::All }, &file(folder.path(), None)?, out.path()).expect_err("no affine");
        assert!(format!("{told:#}").ends_with("it has neither sform nor qform: nobody knows which way is up"), "{told:#}");
        Ok(())
    }
}
