//! The action cache: what an execution made, under the digest of everything that decided it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Artifact;

/// What one execution made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionResult {
    /// The artifact at each output port.
    pub outputs: BTreeMap<String, Artifact>,
    /// Where and when; decides nothing.
    pub provenance: Provenance,
    /// What was hashed for the key, readable: path of a value and the value as JSON.
    pub manifest: BTreeMap<String, String>,
    /// Names and contents at each input port, so that a later explanation can say which file changed; older records have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Artifact>,
}

/// What a run needs to know of a result that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The artifact at each output port.
    pub outputs: BTreeMap<String, Artifact>,
    /// Where and when they were made.
    pub provenance: Provenance,
}

/// Where and when an action ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of `bgh`.
    pub bgh: String,
    /// Name of the machine.
    pub host: String,
    /// Start, seconds since 1970 (UTC).
    pub started: u64,
    /// Wall-clock duration.
    pub seconds: f64,
    /// The device as its driver names it; `cpu` for kinds that need none.
    pub device: String,
    /// Largest resident memory of a worker, bytes; 0 for kinds that run inside `bgh`.
    pub peak_memory: u64,
    /// Training images a second, of trainings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images_per_second: Option<f64>,
}

/// Why there is no usable result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Miss {
    /// No execution of this action is known.
    NeverRun,
    /// It ran, and its record was removed since.
    Removed,
    /// The record cannot be read.
    RecordDamaged(String),
    /// A blob is gone.
    BlobMissing(String),
    /// A blob has other bytes than its name says; it has been removed.
    BlobDamaged(String),
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeverRun => write!(f, "never run"),
            Self::Removed => write!(f, "its result was removed from the cache"),
            Self::RecordDamaged(why) => write!(f, "its record in the cache is damaged ({why})"),
            Self::BlobMissing(file) => write!(f, "`{file}` is gone from the cache"),
            Self::BlobDamaged(file) => write!(f, "`{file}` is damaged in the cache"),
        }
    }
}
