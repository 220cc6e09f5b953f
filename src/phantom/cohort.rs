//! Who is in a phantom cohort.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `[cohort.phantom]` of a spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// Exams of each class: `none`, `right`, `left`.
    pub exams: BTreeMap<String, usize>,
    /// Side of the DICOM matrix, pixels: 512 as scanners write, or 256 for quick runs.
    pub matrix: usize,
}
