//! Kind `ingest`: the DICOM files of one exam to its volume in HU. One step an exam, so that a new exam redoes nothing else.
//!
//! Input `dicom`: the exam's files. Output `volume`.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::Files;
use crate::dicom::AxialSeries;

/// The kind. Input `dicom`.
pub const KIND: Kind = Kind {
    name: "ingest",
    version: 2,
    outputs: &["volume"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, task.input("dicom")?, &task.job.port("volume")?)
}

/// Everything that decides the volume beside the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Which slices of the series are kept.
    pub slices: Slices,
}

/// Which slices of a series are kept, counted from the feet to the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slices {
    /// Every one.
    All,
    /// Those whose middle lies in `from..to` of the stack, 0 at the feet, 1 at the head.
    Fraction {
        /// Where to begin, in [0, 1].
        from: f64,
        /// Where to end, in [0, 1].
        to: f64,
    },
    /// Those whose place along the slices' normal lies in `from..=to`, mm.
    Millimetres {
        /// The lowest place.
        from: f64,
        /// The highest place.
        to: f64,
    },
    /// Those of these positions, from 0.
    Listed(Vec<usize>),
}

impl Slices {
    /// Positions that are kept of slices at these places along their normal, mm, ascending.
    ///
    /// # Errors
    /// When none is left, or a listed one is not there.
    pub fn of(&self, places: &[f64]) -> Result<Vec<usize>> {
        let count = places.len();
        let kept: Vec<usize> = match self {
            Self::All => (0..count).collect(),
            Self::Fraction { from, to } => {
                (0..count).filter(|&slice| (*from..*to).contains(&((slice as f64 + 0.5) / count as f64))).collect()
            }
            Self::Millimetres { from, to } => (0..count).filter(|&slice| (*from..=*to).contains(&places[slice])).collect(),
            Self::Listed(slices) => slices.clone(),
        };
        let beyond = kept.iter().find(|slice| **slice >= count);
        ensure!(beyond.is_none(), "slice {} was asked for, the series has {count}", beyond.map_or(0, |slice| slice + 1));
        ensure!(!kept.is_empty(), "{self:?} keeps none of the {count} slices: widen it");
        Ok(kept)
    }
}

/// Writes the volume into `out`.
///
/// # Errors
/// When no file is an axial CT slice, no slice is kept, or a kept one cannot be decoded.
pub fn run(params: &Params, dicom: &Files, out: &Path) -> Result<()> {
    let series = AxialSeries::find(dicom)?;
    series.write(&params.slices.of(&series.places())?, out)
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;
    use crate::dicom::synthetic::Synthetic;

    #[test]
    fn slices_are_kept_by_the_place_of_their_middle() -> Result<()> {
        let half = Slices::Fraction { from: 0.25, to: 0.75 };
        assert_eq!(half.of(&[0.0; 4])?, [1, 2]);
        assert_eq!(half.of(&[0.0])?, [0]);
        assert_eq!(Slices::All.of(&[0.0; 3])?, [0, 1, 2]);
        assert_eq!(Slices::Millimetres { from: -5.0, to: 5.0 }.of(&[-5.1, -5.0, 0.0, 5.0, 7.5])?, [1, 2, 3]);
        assert_eq!(
            Slices::Listed(vec![1, 3]).of(&[0.0; 3]).expect_err("no fourth").to_string(),
            "slice 4 was asked for, the series has 3"
        );
        let thin = Slices::Fraction { from: 0.2, to: 0.21 };
        assert_eq!(
            thin.of(&[0.0; 2]).expect_err("keeps none").to_string(),
            "Fraction { from: 0.2, to: 0.21 } keeps none of the 2 slices: widen it"
        );
        Ok(())
    }

    #[test]
    fn the_parameter_is_spelt_as_specs_do() -> Result<()> {
        let read = |text: &str| serde_json::from_str::<Params>(text);
        assert_eq!(read(r#"{"slices": "all"}"#)?.slices, Slices::All);
        assert_eq!(read(r#"{"slices": {"listed": [3, 1]}}"#)?.slices, Slices::Listed(vec![3, 1]));
        assert_eq!(
            read(r#"{"slices": {"fraction": {"from": 0.4, "to": 0.6}}}"#)?.slices,
            Slices::Fraction { from: 0.4, to: 0.6 }
        );
        Ok(())
    }

    #[test]
    fn version_2_writes_these_bytes() -> Result<()> {
        let (dicom, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        for (name, position) in [("1.1", 5.0), ("1.2", 0.0)] {
            let slice = Synthetic {
                pixels: [0, 1, 2, 1000, 1064, -2000],
                position: [0.0, 0.0, position],
                kernel: "H31s",
                ..Synthetic::new(name)
            };
            std::fs::write(dicom.path().join(name), slice.bytes())?;
        }
        run(&Params { slices: Slices::All }, &Files::of_folder(dicom.path())?, out.path())?;
        assert_eq!((KIND.version, digest(out.path())?.as_str()), (2, "4d6574cf73a731de"));
        Ok(())
    }
}
