//! The mean image of a training set, which every input is taken relative to.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bgh::artifact::{Files, ImageSet};
use tch::{Device, Kind, Tensor};

use crate::weights::{self, Named};

const FILE: &str = "mean.safetensors";

/// Mean grey value at each position, rounded to 8 bits as DIGITS stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mean {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Grey values, row after row.
    pub pixels: Vec<u8>,
}

impl Mean {
    /// The mean of all images of a set, halves rounded up.
    ///
    /// # Errors
    /// When the set is empty.
    pub fn of(set: &ImageSet) -> Result<Self> {
        ensure!(!set.rows.is_empty(), "the training set has no image");
        Ok(Self::of_pixels(set.height, set.width, set.pixels()))
    }

    /// The mean of the images that follow one another in `pixels`.
    pub fn of_pixels(height: usize, width: usize, pixels: &[u8]) -> Self {
        let mut sums = vec![0u64; height * width];
        for image in pixels.chunks_exact(height * width) {
            sums.iter_mut().zip(image).for_each(|(sum, &pixel)| *sum += u64::from(pixel));
        }
        let count = (pixels.len() / (height * width)).max(1) as u64;
        Self { height, width, pixels: sums.iter().map(|sum| ((2 * sum + count) / (2 * count)) as u8).collect() }
    }

    /// As `f32 [H, W]` on `device`.
    pub fn tensor(&self, device: Device) -> Tensor {
        let shape = [self.height as i64, self.width as i64];
        Tensor::from_slice(&self.pixels).reshape(shape).to_device(device).to_kind(Kind::Float)
    }

    /// Writes `mean.safetensors` into `folder`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let image = Tensor::from_slice(&self.pixels).reshape([self.height as i64, self.width as i64]);
        weights::write(&folder.join(FILE), &Named::from([("mean".into(), image)]), None)
    }

    /// Reads what [`Mean::write`] wrote.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(FILE)?;
        let place = || format!("cannot read {}", path.display());
        let (named, _) = weights::read(path)?;
        let image = named.get("mean").context("no tensor `mean`").with_context(place)?;
        let (height, width) = image.size2().context("tensor `mean` is not [H, W]").with_context(place)?;
        ensure!(image.kind() == Kind::Uint8, "{}: tensor `mean` is not U8", place());
        let pixels: Vec<u8> = image.flatten(0, -1).try_into().with_context(place)?;
        Ok(Self { height: height as usize, width: width as usize, pixels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up() {
        assert_eq!(Mean::of_pixels(1, 3, &[0, 10, 255, 1, 11, 255, 0, 11, 255, 1, 10, 255]).pixels, [1, 11, 255]);
    }

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mean = Mean { height: 2, width: 3, pixels: vec![0, 1, 2, 253, 254, 255] };
        mean.write(folder.path())?;
        assert_eq!(Mean::open(&Files::of_folder(folder.path())?)?, mean);
        Ok(())
    }
}
