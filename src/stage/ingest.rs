//! Kind `ingest`: the DICOM files of one exam to its volume in HU. One step an exam, so that a new exam redoes nothing else.
//!
//! Input `dicom`: the exam's files. Output `volume`.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::Files;
use crate::dicom::AxialSeries;
use crate::labels::Slices;

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
