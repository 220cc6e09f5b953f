//! Who was examined and how: `characteristics.json`, counts and spreads of each partition and class, and of the acquisitions.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};

const RECORD: &str = "characteristics.json";

/// All exams by partition and class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Characteristics {
    /// A cell of exams each, partitions in their order, within one the classes in theirs; cells without exams are left out.
    pub groups: Vec<Group>,
    /// How the exams of each partition were acquired: by fact, value and number of exams, facts and values in their order.
    pub acquisition: Vec<Acquired>,
}

/// The exams of one class in one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `Training`, `Tuning` or `Test`.
    pub partition: String,
    /// The class.
    pub class: String,
    /// Exams.
    pub exams: usize,
    /// Patients.
    pub patients: usize,
    /// Slices of all exams.
    pub slices: usize,
    /// Facts that are numbers in all exams that have them.
    pub numbers: BTreeMap<String, Spread>,
    /// Facts that are words: exams of each value.
    pub words: BTreeMap<String, BTreeMap<String, usize>>,
}

/// How a number spreads over exams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Exams that have it.
    pub known: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with one less than their number; none for a single exam.
    pub sd: Option<f64>,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// The spread of `values`; `None` where there is none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (!values.is_empty()).then(|| Self {
            known: values.len(),
            mean,
            sd: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

/// One value of one fact of the acquisition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquired {
    /// The fact (`Slice thickness, mm`, a DICOM keyword).
    pub fact: String,
    /// Its value; empty where the files do not say.
    pub value: String,
    /// Exams of each partition.
    pub exams: BTreeMap<String, usize>,
}

impl Characteristics {
    /// Writes `characteristics.json` into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        table::write_json(&folder.join(RECORD), self)
    }

    /// Reads `characteristics.json`.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        table::read_json(files.path(RECORD)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_what_is_known() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[2.5]), Some(Spread { known: 1, mean: 2.5, sd: None, least: 2.5, most: 2.5 }));
        let spread = Spread::of(&[1.0, 2.0, 3.0]).expect("three values");
        assert_eq!(spread, Spread { known: 3, mean: 2.0, sd: Some(1.0), least: 1.0, most: 3.0 });
    }
}
