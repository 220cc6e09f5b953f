//! One exam in Hounsfield units: `hu.safetensors` (tensor `hu`, `[S, R, C]`, `i16` where every value is a whole number in range,
//! else `f32`), `slices.csv` (a row a slice, in order along the slice normal) and `series.json` (how it was acquired).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use memmap2::Mmap;
use safetensors::tensor::TensorInfo;
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
        let shape = [self.slices.len(), self.rows, self.columns];
        if self.hu.iter().all(|&value| f32::from(value as i16) == value) {
            let whole: Vec<i16> = self.hu.iter().map(|&value| value as i16).collect();
            self.write_as(folder, shape, &whole)
        } else {
            self.write_as(folder, shape, &self.hu)
        }
    }

    fn write_as<T: Element>(&self, folder: &Path, shape: [usize; 3], values: &[T]) -> Result<()> {
        let writer = VolumeWriter::create(folder, shape)?;
        writer.put(0, values)?;
        writer.finish(&self.slices, &self.series)
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

/// A volume on the disk, of which slices are read one at a time: what it takes to look at one grows with a slice, not with the exam.
#[derive(Debug)]
pub struct VolumeReader {
    /// One row a slice.
    pub slices: Vec<SliceRow>,
    /// Rows of a slice.
    pub rows: usize,
    /// Columns of a slice.
    pub columns: usize,
    array: File,
    dtype: Dtype,
    /// Where the values begin.
    values: u64,
}

impl VolumeReader {
    /// Opens what [`Volume::write`] wrote.
    ///
    /// # Errors
    /// When a file is missing, damaged, or does not fit the others.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(ARRAY)?;
        let place = || format!("cannot read {}", path.display());
        let array = File::open(path).with_context(place)?;
        // SAFETY: artifacts are read-only files that are replaced, never rewritten, so the mapping cannot change underneath.
        let map = unsafe { Mmap::map(&array) }.with_context(place)?;
        let tensors = SafeTensors::deserialize(&map).with_context(place)?;
        let tensor = tensors.tensor("hu").with_context(place)?;
        let [count, rows, columns] = tensor.shape().try_into().context("tensor `hu` is not [S, R, C]").with_context(place)?;
        let (dtype, values) = (tensor.dtype(), (map.len() - tensor.data().len()) as u64);
        ensure!([Dtype::I16, Dtype::F32].contains(&dtype), "tensor `hu` is {dtype:?}, neither I16 nor F32");
        let slices = Volume::slices(files)?;
        ensure!(slices.len() == count, "{SLICES} has {} rows for {count} slices", slices.len());
        drop(map);
        Ok(Self { slices, rows, columns, array, dtype, values })
    }

    /// HU of slice `index`, row after row.
    ///
    /// # Errors
    /// When there is no such slice, or the file cannot be read.
    pub fn slice(&self, index: usize) -> Result<Vec<f32>> {
        ensure!(index < self.slices.len(), "there is no slice {index} among {}", self.slices.len());
        let size = self.rows * self.columns * self.dtype.bitsize() / 8;
        let mut bytes = vec![0; size];
        self.array.read_exact_at(&mut bytes, self.values + (index * size) as u64)?;
        decode(self.dtype, &bytes)
    }
}

/// A number that the array of a volume may hold.
pub trait Element: bytemuck::NoUninit {
    /// Its type in the file.
    const DTYPE: Dtype;
}

impl Element for i16 {
    const DTYPE: Dtype = Dtype::I16;
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
}

// Arrays are written as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "safetensors files are little endian");

/// Writes a volume slice by slice in any order and on any thread, so that one larger than the memory can be written.
#[derive(Debug)]
pub struct VolumeWriter<T> {
    folder: PathBuf,
    array: File,
    /// Bytes before the values.
    head: usize,
    shape: [usize; 3],
    /// Values that came.
    written: AtomicUsize,
    of: PhantomData<T>,
}

impl<T: Element> VolumeWriter<T> {
    /// Begins a volume of `[S, R, C]` values in `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(folder: &Path, shape: [usize; 3]) -> Result<Self> {
        let path = folder.join(ARRAY);
        let head = head(T::DTYPE, shape, shape.iter().product::<usize>() * size_of::<T>())?;
        let array = File::create(&path).and_then(|mut array| array.write_all(&head).map(|()| array));
        let array = array.with_context(|| format!("cannot write {}", path.display()))?;
        let written = AtomicUsize::new(0);
        Ok(Self { folder: folder.to_owned(), array, head: head.len(), shape, written, of: PhantomData })
    }

    /// Writes the values of slice `first`, or of several from there on; each once.
    ///
    /// # Errors
    /// When the shape has no room for them, or the file cannot be written.
    pub fn put(&self, first: usize, hu: &[T]) -> Result<()> {
        let [slices, rows, columns] = self.shape;
        let fits = first <= slices && hu.len() <= (slices - first) * rows * columns;
        ensure!(fits, "the volume's shape does not fit its values");
        let place = self.head + first * rows * columns * size_of::<T>();
        let written = self.array.write_all_at(bytemuck::cast_slice(hu), place as u64);
        written.with_context(|| format!("cannot write {}", self.folder.join(ARRAY).display()))?;
        self.written.fetch_add(hu.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Writes the geometry of the slices and how they were acquired.
    ///
    /// # Errors
    /// When values are missing or a file cannot be written.
    pub fn finish(self, slices: &[SliceRow], series: &BTreeMap<String, String>) -> Result<()> {
        let (all, written) = (self.shape.iter().product::<usize>(), self.written.into_inner());
        ensure!(all == written, "the volume's shape does not fit its values: {written} of {all} were written");
        table::write(&self.folder.join(SLICES), slices)?;
        table::write_json(&self.folder.join(SERIES), series)
    }
}

/// What stands before the values in a safetensors file: the length of a header and the header, which ends at a multiple of 8 bytes.
fn head(dtype: Dtype, shape: [usize; 3], bytes: usize) -> Result<Vec<u8>> {
    let tensor = TensorInfo { dtype, shape: shape.to_vec(), data_offsets: (0, bytes) };
    let mut header = serde_json::to_vec(&BTreeMap::from([("hu", tensor)]))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok([(header.len() as u64).to_le_bytes().as_slice(), &header].concat())
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
            let files = Files::of_folder(folder.path())?;
            assert_eq!(VolumeReader::open(&files)?.slice(0)?, hu);
            assert!(VolumeReader::open(&files)?.slice(1).is_err());
            assert_eq!(Volume::open(&files)?, volume(hu));
        }
        Ok(())
    }
}
