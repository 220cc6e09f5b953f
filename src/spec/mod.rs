//! What the author wrote, and what it means.
//!
//! 1. The layers (a file, what it `extends`, `--set`) become one tree whose every node knows where it was written.
//! 2. Readers ask that tree for what they know, section by section, and note every fault instead of stopping at the first.
//! 3. The design multiplies the sections: each cell is the same tree with the cell's levels put in.
//!
//! The tree is read by hand and not by derived deserialisers: those stop at the first fault and lose its place in tagged and flattened
//! types, and a spec is read most often while it is wrong.

mod experiment;
mod layers;
mod read;
mod stage;
mod write;

use std::path::Path;

pub use crate::artifact::results::{Comparison, Factor};
pub use crate::document::{Fault, Faults, Place, Spot};
use crate::document::{section, source, tree};
pub use crate::labels::Slices;
pub use crate::stage::Format;
pub use crate::stage::compare::{Aggregate, OperatingRule};
pub use experiment::{
    Cohort, Evaluate, Experiment, Explain, Explained, External, Folder, Images, Leakage, Manuscript, Model, PatientIds, Reader,
    Robustness, SEED, ScoreSource, Source, Split, Start, Subgroup, Test, Unlabelled,
};
pub use stage::{Instance, Place as StagePlace, Spec, Stage, Wire};
pub use write::resolved;

/// Reads the spec at `path`, what it extends, and `overrides` (`key.path=value`) on top.
///
/// # Errors
/// Every fault of the spec and of the files that it names.
pub fn load(path: &Path, overrides: &[String]) -> Result<Spec, Faults> {
    let mut log = source::Log::of("the spec");
    let root = layers::gather(&mut log, path, overrides);
    let spec = root.and_then(|root| read::spec(&log, &root));
    match spec {
        Some(spec) if log.count() == 0 => Ok(spec),
        _ => Err(Faults::new(log.into_faults())),
    }
}
