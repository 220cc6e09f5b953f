//! An artifact in the store: names of files and the blobs that hold their bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Digest;

/// One blob: its name and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Digest of the bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
}

/// Files by their name within the artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Artifact(pub BTreeMap<String, Blob>);

impl Artifact {
    /// Of all names and contents; where the files lie, and when they were written, does not matter.
    pub fn digest(&self) -> Digest {
        let digests: Vec<String> = self.0.values().map(|blob| blob.digest.hex()).collect();
        Digest::of_parts(self.0.keys().zip(&digests).flat_map(|(name, digest)| [name.as_bytes(), digest.as_bytes()]))
    }

    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.0.values().map(|blob| blob.size).sum()
    }
}
