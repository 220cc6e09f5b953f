//! What each kind of stage is: its parameters, its ports and, for kinds that need no libtorch, how it runs.

pub mod augment;
pub mod cases;
pub mod characteristics;
pub mod command;
pub mod compare;
pub mod disjoint;
pub mod explain;
mod format;
pub mod ingest;
pub mod job;
mod kind;
mod needs;
pub mod nifti;
pub mod paper;
pub mod perturb;
pub mod phantom;
pub mod png;
pub mod pool;
pub mod predict;
pub mod pretrain;
pub mod template;
pub mod train;
pub mod window;
pub mod worklist;

pub use format::Format;
pub use kind::{Kind, Run, Task};
pub use needs::Needs;

/// The libtorch that worker kinds run on; part of their keys. The worker refuses to start with another.
pub const LIBTORCH: &str = "2.11.0";

/// Digest of everything a stage wrote, names included: pinned beside each kind's version, so that bytes cannot change without it.
#[cfg(test)]
fn digest(folder: &std::path::Path) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for (name, path) in crate::artifact::Files::of_folder(folder)?.iter() {
        let bytes = std::fs::read(path)?;
        hasher.update(format!("{name} {}\n", bytes.len()).as_bytes()).update(&bytes);
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}
