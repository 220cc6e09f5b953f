//! A weight file on disk.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use memmap2::Mmap;

use super::{Classifiers, Fit, Weights, foresee, read};

/// An open file; its bytes stay on disk until they are touched.
#[derive(Debug)]
pub struct WeightFile {
    path: PathBuf,
    map: Mmap,
}

impl WeightFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let place = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(place)?;
        // SAFETY: memory maps are sound while nobody cuts the file. A user who rewrites a weight file in place during a run ends the process
        // with SIGBUS, or gets another key: the digest of the file is part of the step's.
        let map = unsafe { Mmap::map(&file) }.with_context(place)?;
        Ok(Self { path: path.to_owned(), map })
    }

    /// What it holds.
    ///
    /// # Errors
    /// As [`read`], with the path in front.
    pub fn read(&self) -> Result<Weights<'_>> {
        read(&self.map).with_context(|| format!("weight file {}", self.path.display()))
    }

    /// What the registered network `name`, `width` times as wide as published, will take of it to tell `classes` classes apart.
    ///
    /// # Errors
    /// As [`WeightFile::read`] and [`foresee`].
    pub fn foresee(&self, name: &str, width: f64, classes: usize, classifiers: Classifiers) -> Result<Fit> {
        let fit = foresee(&self.read()?.tensors, name, width == 1.0, classes, classifiers);
        fit.with_context(|| format!("weight file {}", self.path.display()))
    }

    /// BLAKE3 of its bytes in hexadecimal digits, as the key of a training step has it.
    pub fn digest(&self) -> String {
        blake3::hash(&self.map).to_hex().to_string()
    }

    /// Number of bytes.
    pub fn size(&self) -> usize {
        self.map.len()
    }
}
