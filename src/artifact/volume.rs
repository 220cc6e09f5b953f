//! One exam in Hounsfield units: `hu.safetensors` (tensor `hu`, `[S, R, C]`, `i16` where every value is a whole number in range,
//! else `f32`), `slices.csv` (a row a slice, in order along the slice normal) and `series.json` (how it was acquired).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use memmap2::Mmap;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{Files, table};

const ARRAY: &str = "hu.safetensors";
const SLICES: &str = "slices.csv";
const SERIES: &str = "series.json";

/// Geometry of one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceRow {
    /// Position in the volume, from 0.
    pub slice: usize,
    /// Distance along the slice normal, mm.
    pub position_mm: f64,
    /// Distance between rows, mm.
    pub row_spacing_mm: f64,
    /// Distance between columns, mm.
    pub column_spacing_mm: f64,
    /// Slice thickness, mm; empty where the header does not say.
    pub thickness_mm: Option<f64>,
    /// Angle between the slice normal and the patient's axis, degrees.
    pub tilt_deg: f64,
}

/// A volume in memory, `S` slices of `rows x columns` HU values.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// One row a slice.
    pub slices: Vec<SliceRow>,
    /// Rows of a slice.
    pub rows: usize,
    /// Columns of a slice.
    pub columns: usize,
    /// HU, slice after slice, row after row.
    pub hu: Vec<f32>,
    /// Acquisition facts by DICOM keyword (`ConvolutionKernel`, `KVP`, …), free of identity.
    pub series: BTreeMap<String, String>,
}

impl Volume {
    /// HU of slice `index`, row after row.
    ///
    /// # Panics
    /// When there is no such slice.
    pub fn slice(&self, index: usize) -> &[f32] {
        let len = self.rows * self.columns;
        &self.hu[index * len..][..len]
    }

    /// Writes the three files into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let shape = vec![self.slices.len(), self.rows, self.columns];
        let (dtype, bytes) = encode(&self.hu);
        let view = TensorView::new(dtype, shape, &bytes).context("the volume's shape does not fit its values")?;
        let path = folder.join(ARRAY);
        safetensors::serialize_to_file([("hu", view)], None, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        table::write(&folder.join(SLICES), &self.slices)?;
        table::write_json(&folder.join(SERIES), &self.series)
    }

    /// Reads only the geometry, which tells the number of slices without their values.
    ///
    /// # Errors
    /// When the table is missing or damaged.
    pub fn slices(files: &Files) -> Result<Vec<SliceRow>> {
        table::read(files.path(SLICES)?)
    }

    /// Reads only the facts of the acquisition.
    ///
    /// # Errors
    /// When the record is missing or damaged.
    pub fn series(files: &Files) -> Result<BTreeMap<String, String>> {
        table::read_json(files.path(SERIES)?)
    }

    /// Reads only how many rows and columns a slice has.
    ///
    /// # Errors
    /// When the array is missing or damaged.
    pub fn matrix(files: &Files) -> Result<[usize; 2]> {
        let path = files.path(ARRAY)?;
        let place = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(place)?;
        // SAFETY: artifacts are read-only files that are replaced, never rewritten, so the mapping cannot change underneath.
        let map = unsafe { Mmap::map(&file) }.with_context(place)?;
        let tensors = SafeTensors::deserialize(&map).with_context(place)?;
        let tensor = tensors.tensor("hu").with_context(place)?;
        let [_, rows, columns] = tensor.shape().try_into().context("tensor `hu` is not [S, R, C]").with_context(place)?;
        Ok([rows, columns])
    }

    /// Reads what [`Volume::write`] wrote.
    ///
    /// # Errors
    /// When a file is missing, damaged, or does not fit the others.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(ARRAY)?;
        let place = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(path).with_context(place)?;
        let tensors = SafeTensors::deserialize(&bytes).with_context(place)?;
        let tensor = tensors.tensor("hu").with_context(place)?;
        let [count, rows, columns] = tensor.shape().try_into().context("tensor `hu` is not [S, R, C]").with_context(place)?;
        let slices = Self::slices(files)?;
        ensure!(slices.len() == count, "{SLICES} has {} rows for {count} slices", slices.len());
        let hu = decode(tensor.dtype(), tensor.data()).with_context(place)?;
        Ok(Self { slices, rows, columns, hu, series: Self::series(files)? })
    }
}

fn encode(hu: &[f32]) -> (Dtype, Vec<u8>) {
    if hu.iter().all(|&value| f32::from(value as i16) == value) {
        (Dtype::I16, hu.iter().flat_map(|&value| (value as i16).to_le_bytes()).collect())
    } else {
        (Dtype::F32, hu.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

fn decode(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>> {
    let (halves, _) = bytes.as_chunks::<2>();
    let (words, _) = bytes.as_chunks::<4>();
    match dtype {
        Dtype::I16 => Ok(halves.iter().map(|&pair| f32::from(i16::from_le_bytes(pair))).collect()),
        Dtype::F32 => Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect()),
        other => bail!("tensor `hu` is {other:?}, neither I16 nor F32"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(hu: Vec<f32>) -> Volume {
        let slice = SliceRow {
            slice: 0,
            position_mm: -3.5,
            row_spacing_mm: 0.5,
            column_spacing_mm: 0.5,
            thickness_mm: None,
            tilt_deg: 18.5,
        };
        Volume { slices: vec![slice], rows: 1, columns: hu.len(), hu, series: [("KVP".into(), "120".into())].into() }
    }

    #[test]
    fn whole_and_fractional_values_survive() -> Result<()> {
        for hu in [vec![-1024.0, 0.0, 3071.0], vec![-0.5, 12.25, 40000.0]] {
            let folder = tempfile::tempdir()?;
            volume(hu.clone()).write(folder.path())?;
            assert_eq!(Volume::open(&Files::of_folder(folder.path())?)?, volume(hu));
        }
        Ok(())
    }
}
