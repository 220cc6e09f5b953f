//! Kind `phantom`: one exam rendered and written as a scanner would. One step an exam, so that exams are independent of each
//! other in the cache as they are in the world.
//!
//! No inputs; the parameters are the exam itself ([`Exam`]). Outputs `dicom`, and `truth` (what was drawn and where).

use anyhow::Result;

use super::{Kind, Needs, Run, Task};
use crate::phantom::{self, Exam};

/// The kind.
pub const KIND: Kind = Kind {
    name: "phantom",
    version: 1,
    outputs: &["dicom", "truth"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    phantom::write(&task.params::<Exam>()?, &task.job.port("dicom")?, &task.job.port("truth")?)
}
