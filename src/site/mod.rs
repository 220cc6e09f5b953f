//! What one machine offers, written down once instead of on every command line: slots, memory, accelerators, places and patience.
//!
//! Nothing here is part of a key: a site file decides where, when and how often, never what. The command line beats the
//! environment, and the environment beats the site file.

mod device;
mod patience;
mod read;
mod remote;
mod slurm;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use device::Device;
pub use patience::{BackOff, Patience};
pub use remote::RemoteSite;
pub use slurm::{GpuOption, Request, Slurm, Venue};

use crate::document::Faults;

/// A site file; what it does not say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Site {
    /// CPU slots.
    pub jobs: Option<usize>,
    /// Memory that steps may take together, MiB.
    pub memory_mib: Option<u64>,
    /// Accelerators; they are then not looked for.
    pub devices: Option<Vec<Device>>,
    /// The artifact cache.
    pub cache: Option<PathBuf>,
    /// Other caches to look into; nothing is written to them.
    pub read_caches: Vec<PathBuf>,
    /// What the cache may hold after a collection of garbage, MiB.
    pub max_cache_mib: Option<u64>,
    /// Folder of the reports.
    pub reports: Option<PathBuf>,
    /// Waits between attempts.
    pub back_off: BackOff,
    /// Retries and time limits of steps that have none of their own, by kind.
    pub patience: BTreeMap<String, Patience>,
    /// A cache that several machines share over the network.
    pub remote: RemoteSite,
    /// The cluster, where some steps run as its jobs.
    pub slurm: Slurm,
}

impl Site {
    /// The site file named by the user, else `bgh-site.toml` here, else `bgh/site.toml` in the user's configuration; a site that
    /// says nothing where there is none.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn find(named: Option<&Path>) -> Result<Self, Faults> {
        let configuration = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let configuration = configuration.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
        let unnamed = std::iter::once(PathBuf::from("bgh-site.toml"))
            .chain(configuration.map(|folder| folder.join("bgh/site.toml")))
            .find(|path| path.is_file());
        named.map(Path::to_owned).or(unnamed).map_or_else(|| Ok(Self::default()), |path| read::file(&path))
    }
}
