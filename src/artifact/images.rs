//! A set of 8-bit images, all of one size: `images.safetensors` (tensor `images`, `u8 [N, H, W]`) and `images.csv` (a row an
//! image). One memory-mappable array instead of thousands of PNGs: hashed once, opened in microseconds, uploaded whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{Files, table};

const ARRAY: &str = "images.safetensors";
const INDEX: &str = "images.csv";

/// What one image of the set is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRow {
    /// Position in the array, from 0.
    pub image: usize,
    /// The exam that the slice belongs to.
    pub exam: String,
    /// Position of the slice in the exam's volume, from 0.
    pub slice: usize,
    /// The exam's reference standard, a class name of the cohort.
    pub class: String,
    /// Which variant of the slice: 0 for the unaugmented image.
    pub variant: usize,
}

/// A set opened for reading; pixels stay in the page cache until they are touched.
#[derive(Debug)]
pub struct ImageSet {
    /// One row an image, in array order.
    pub rows: Vec<ImageRow>,
    /// Rows of pixels in an image.
    pub height: usize,
    /// Columns of pixels in an image.
    pub width: usize,
    map: Mmap,
    pixels_at: usize,
}

impl ImageSet {
    /// Opens the set and checks the array against the index.
    ///
    /// # Errors
    /// When a file is missing or unreadable, the tensor is not `u8 [N, H, W]`, or the index has not N rows.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(ARRAY)?;
        let place = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(place)?;
        // SAFETY: artifacts are read-only files that are replaced, never rewritten, so the mapping cannot change underneath.
        let map = unsafe { Mmap::map(&file) }.with_context(place)?;
        let (shape, pixels_at) = locate(&map).with_context(place)?;
        let rows: Vec<ImageRow> = table::read(files.path(INDEX)?)?;
        ensure!(rows.len() == shape[0], "{INDEX} has {} rows for {} images", rows.len(), shape[0]);
        Ok(Self { rows, height: shape[1], width: shape[2], map, pixels_at })
    }

    /// All pixels, image after image, row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.map[self.pixels_at..][..self.rows.len() * self.image_len()]
    }

    /// The pixels of image `index`, row after row.
    ///
    /// # Panics
    /// When `index` is not below `rows.len()`.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels()[index * self.image_len()..][..self.image_len()]
    }

    fn image_len(&self) -> usize {
        self.height * self.width
    }
}

fn locate(bytes: &[u8]) -> Result<([usize; 3], usize)> {
    let tensors = SafeTensors::deserialize(bytes)?;
    let tensor = tensors.tensor("images")?;
    ensure!(tensor.dtype() == Dtype::U8, "tensor `images` is {:?}, not U8", tensor.dtype());
    let shape: [usize; 3] = tensor.shape().try_into().context("tensor `images` is not [N, H, W]")?;
    Ok((shape, tensor.data().as_ptr() as usize - bytes.as_ptr() as usize))
}

/// Writes a set image by image, in constant memory: the number of images is known before the first pixel.
#[derive(Debug)]
pub struct ImageSetWriter {
    folder: PathBuf,
    out: BufWriter<File>,
    shape: [usize; 3],
    rows: Vec<ImageRow>,
}

impl ImageSetWriter {
    /// Starts a set of `count` images of `height` x `width` pixels in `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(folder: &Path, count: usize, height: usize, width: usize) -> Result<Self> {
        let path = folder.join(ARRAY);
        let mut out = BufWriter::new(File::create(&path).with_context(|| format!("cannot write {}", path.display()))?);
        let header = array_header([count, height, width]);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        Ok(Self { folder: folder.to_owned(), out, shape: [count, height, width], rows: Vec::with_capacity(count) })
    }

    /// Appends one image; its row's position is filled in here.
    ///
    /// # Errors
    /// When the image has another size than the set, the set is full, or the disk is.
    pub fn push(&mut self, row: ImageRow, pixels: &[u8]) -> Result<()> {
        let [count, height, width] = self.shape;
        ensure!(pixels.len() == height * width, "image of {} pixels in a set of {height} x {width}", pixels.len());
        ensure!(self.rows.len() < count, "more than the {count} images that the set was created for");
        self.out.write_all(pixels).context("cannot write image")?;
        self.rows.push(ImageRow { image: self.rows.len(), ..row });
        Ok(())
    }

    /// Writes the index and closes the set.
    ///
    /// # Errors
    /// When fewer images came than announced, or the disk is full.
    pub fn finish(mut self) -> Result<()> {
        ensure!(self.rows.len() == self.shape[0], "{} images of {} were written", self.rows.len(), self.shape[0]);
        self.out.flush().context("cannot write images")?;
        table::write(&self.folder.join(INDEX), &self.rows)
    }
}

/// The safetensors header of one tensor, padded so that the pixels start at a multiple of 64 bytes.
fn array_header(shape: [usize; 3]) -> String {
    let bytes: usize = shape.iter().product();
    let mut header = serde_json::json!({"images": {"dtype": "U8", "shape": shape, "data_offsets": [0, bytes]}}).to_string();
    while !(8 + header.len()).is_multiple_of(64) {
        header.push(' ');
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(exam: &str) -> ImageRow {
        ImageRow { image: 0, exam: exam.into(), slice: 0, class: "none".into(), variant: 0 }
    }

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut writer = ImageSetWriter::create(folder.path(), 2, 2, 3)?;
        writer.push(row("a"), &[1, 2, 3, 4, 5, 6])?;
        writer.push(row("b"), &[7, 8, 9, 10, 11, 12])?;
        writer.finish()?;
        let set = ImageSet::open(&Files::of_folder(folder.path())?)?;
        assert_eq!((set.height, set.width, set.image(1)), (2, 3, &[7, 8, 9, 10, 11, 12][..]));
        assert_eq!((set.rows[1].image, set.rows[1].exam.as_str()), (1, "b"));
        Ok(())
    }

    #[test]
    fn a_short_set_is_not_finished() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let writer = ImageSetWriter::create(folder.path(), 1, 1, 1)?;
        assert_eq!(writer.finish().expect_err("no image came").to_string(), "0 images of 1 were written");
        Ok(())
    }
}
