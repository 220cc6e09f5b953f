//! Exams picked for a closer look at one model: `cases.csv`, a row a case, beside the picked slices as an image set. What draws and
//! what explains reads these few images instead of the whole set.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Files, ImageSet, table};

const TABLE: &str = "cases.csv";

/// One picked exam, shown by one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Position in the image set, from 0.
    pub case: usize,
    /// The exam.
    pub exam: String,
    /// Position of the slice in the exam's volume, from 0.
    pub slice: usize,
    /// The reference standard.
    pub class: String,
    /// The class that the model names: the most probable one, averaged over the slices.
    pub named: String,
    /// Probability of the class named, averaged over the slices.
    pub probability: f64,
    /// Why it was picked.
    pub why: Why,
    /// What is marked in the slice (`lesion`, `pallidum`); empty where no place is known.
    pub mark: Option<String>,
    /// Column of the centre of what is marked, pixels of the image from 0.
    pub column: Option<f64>,
    /// Row of that centre.
    pub row: Option<f64>,
    /// Radius of a disc of the same area, pixels of the image.
    pub radius: Option<f64>,
    /// Side of a pixel of the image across the patient, mm.
    pub pixel_mm: f64,
}

/// Why an exam was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The author named it.
    Asked,
    /// Among the positive exams named rightly, one of the most confident of its class.
    Confident,
    /// The class named is wrong.
    Wrong,
}

impl Case {
    /// Where what is marked lies: column, row and radius, pixels of the image.
    pub fn place(&self) -> Option<[f64; 3]> {
        Some([self.column?, self.row?, self.radius?])
    }
}

/// The picked exams with their images.
#[derive(Debug)]
pub struct Cases {
    /// A row a case.
    pub rows: Vec<Case>,
    /// The slices, in the order of the rows.
    pub images: ImageSet,
}

impl Cases {
    /// Writes `cases.csv` into `folder`, beside the image set that is there already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(folder: &Path, rows: &[Case]) -> Result<()> {
        table::write(&folder.join(TABLE), rows)
    }

    /// Reads table and images.
    ///
    /// # Errors
    /// When a file is missing or damaged, or they do not list the same slices.
    pub fn open(files: &Files) -> Result<Self> {
        // A table without rows has no header line either.
        let rows: Vec<Case> = table::read(files.path(TABLE)?)?;
        let images = ImageSet::open(files)?;
        let same = rows.len() == images.rows.len()
            && rows.iter().zip(&images.rows).all(|(case, image)| (&case.exam, case.slice) == (&image.exam, image.slice));
        ensure!(same, "{TABLE} and the images beside it list different slices");
        Ok(Self { rows, images })
    }
}
