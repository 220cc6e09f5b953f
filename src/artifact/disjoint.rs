//! The proof that the parts of a cohort share nothing: `disjoint.json`, and `overlaps.csv`, a row a pair of like images.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};

const PROOF: &str = "disjoint.json";
const OVERLAPS: &str = "overlaps.csv";

/// What was compared, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disjoint {
    /// Correlation from which two images counted as copies; `None` where equal pixels alone did.
    pub near: Option<f64>,
    /// The parts, by name.
    pub parts: Vec<PartProof>,
    /// Patients of more than one part.
    pub shared_patients: Vec<String>,
    /// Like images of two exams, those in two parts first.
    #[serde(skip)]
    pub overlaps: Vec<Overlap>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartProof {
    /// Its name.
    pub name: String,
    /// Patients.
    pub patients: usize,
    /// Exams.
    pub exams: usize,
    /// Images before augmentation.
    pub images: usize,
    /// Images that show enough to be told apart.
    pub compared: usize,
}

/// Two images that are copies, or nearly so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Part of the first.
    pub part_a: String,
    /// Exam of the first; before the second's by name.
    pub exam_a: String,
    /// Slice of the first, from 0.
    pub slice_a: usize,
    /// Part of the second.
    pub part_b: String,
    /// Exam of the second.
    pub exam_b: String,
    /// Slice of the second, from 0.
    pub slice_b: usize,
    /// Whether all pixels are equal.
    pub exact: bool,
    /// Correlation of their detail, to four digits.
    pub likeness: f64,
    /// Whether the author knows of these two exams.
    pub acknowledged: bool,
}

impl Overlap {
    /// Whether the images are in two parts.
    pub fn crosses(&self) -> bool {
        self.part_a != self.part_b
    }
}

impl Disjoint {
    /// Writes both files into `folder`.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        table::write_json(&folder.join(PROOF), self)?;
        table::write(&folder.join(OVERLAPS), &self.overlaps)
    }

    /// Reads what [`Disjoint::write`] wrote.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        let proof: Self = table::read_json(files.path(PROOF)?)?;
        Ok(Self { overlaps: table::read(files.path(OVERLAPS)?)?, ..proof })
    }
}
