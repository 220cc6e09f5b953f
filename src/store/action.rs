//! The action cache: what an execution made, under the digest of everything that decided it.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::{Artifact, Blob, Digest};

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

/// How a record begins that bears a digest of the rest.
const SUM: &str = "{\"sum\":\"";

impl ActionResult {
    /// The key of which the manifest is the text.
    pub fn key(&self) -> Digest {
        Digest::of_parts(self.manifest.iter().flat_map(|(path, value)| [path.as_bytes(), value.as_bytes()]))
    }

    /// As it is written: JSON that begins with a digest of all that follows it.
    ///
    /// # Errors
    /// When it does not serialise, which is a fault of `bgh`.
    pub fn to_record(&self) -> serde_json::Result<Vec<u8>> {
        let text = serde_json::to_vec(self)?;
        Ok([SUM.as_bytes(), Digest::of(&text).hex().as_bytes(), b"\",", &text[1..]].concat())
    }

    /// Every file that it made: its name within its artifact, and its blob.
    pub fn files(&self) -> impl Iterator<Item = (&str, Blob)> {
        self.outputs.values().flat_map(|artifact| artifact.0.iter().map(|(name, blob)| (name.as_str(), *blob)))
    }

    /// Reads the record of `action`. Records of earlier versions bear no digest; that their manifest is the text of their key holds
    /// for all. Records come from other machines as well, so none may name a file that would be laid out elsewhere than below its artifact.
    ///
    /// # Errors
    /// What is wrong with it, in words that fit after "because".
    pub fn of_record(action: Digest, bytes: &[u8]) -> Result<Self, String> {
        let result: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if result.key() != action {
            return Err("it is the record of another action".to_owned());
        }
        if let Some((name, _)) = result.files().find(|(name, _)| !is_below(name)) {
            return Err(format!("it names a file `{}` outside of its artifact", name.escape_debug()));
        }
        match bytes.strip_prefix(SUM.as_bytes()).and_then(|rest| rest.split_at_checked(64)) {
            Some((sum, rest)) if Digest::of(&[b"{", &rest[2.min(rest.len())..]].concat()).hex().as_bytes() != sum => {
                Err("its bytes have changed".to_owned())
            }
            _ => Ok(result),
        }
    }
}

/// Whether a path leads to a file below where it starts.
pub fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
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
