//! An artifact in the store: names of files and the blobs that hold their bytes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
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

impl Blob {
    /// Of the bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path) -> Result<Self> {
        let place = || format!("cannot read {}", path.display());
        Ok(Self {
            digest: Digest::of_file(path).with_context(place)?,
            size: std::fs::metadata(path).with_context(place)?.len(),
        })
    }
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

    /// What is different from what it was, in the order of the names.
    pub fn changes_since(&self, earlier: &Self) -> Vec<FileChange> {
        let gone = earlier.0.keys().filter(|name| !self.0.contains_key(*name)).cloned().map(FileChange::Removed);
        let other = self.0.iter().filter_map(|(name, blob)| match earlier.0.get(name) {
            None => Some(FileChange::Added(name.clone())),
            Some(known) if known.digest != blob.digest => Some(FileChange::Changed(name.clone())),
            Some(_) => None,
        });
        let mut changes: Vec<FileChange> = other.chain(gone).collect();
        changes.sort_by(|a, b| a.file().cmp(b.file()));
        changes
    }

    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.0.values().map(|blob| blob.size).sum()
    }
}

/// What happened to one file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "file", rename_all = "snake_case")]
pub enum FileChange {
    /// It is new.
    Added(String),
    /// It is gone.
    Removed(String),
    /// It has other bytes.
    Changed(String),
}

impl FileChange {
    /// The file's name within the artifact.
    pub fn file(&self) -> &str {
        match self {
            Self::Added(file) | Self::Removed(file) | Self::Changed(file) => file,
        }
    }
}

impl std::fmt::Display for FileChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added(file) => write!(f, "{file} is new"),
            Self::Removed(file) => write!(f, "{file} is gone"),
            Self::Changed(file) => write!(f, "{file} changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_told_as_new_gone_or_changed() {
        let artifact = |files: &[(&str, &str)]| {
            let blob = |text: &str| Blob { digest: Digest::of(text.as_bytes()), size: text.len() as u64 };
            Artifact(files.iter().map(|(name, text)| ((*name).to_owned(), blob(text))).collect())
        };
        let (earlier, now) = (artifact(&[("a", "1"), ("b", "1"), ("d", "1")]), artifact(&[("b", "2"), ("c", "1"), ("d", "1")]));
        let told: Vec<String> = now.changes_since(&earlier).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["a is gone", "b changed", "c is new"]);
    }
}
