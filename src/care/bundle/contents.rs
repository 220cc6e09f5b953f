//! The list at the head of a bundle.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::store::{Blob, Digest, is_below};

/// The format that is written, and the newest one that is read.
pub const FORMAT: u32 = 1;

/// Longest list that is read, bytes: some hundred thousand files.
pub(super) const LONGEST: u64 = 256 << 20;

/// Files of a journal that travel; its lock stays.
pub(super) const JOURNAL: [&str; 3] = ["run.json", "steps.jsonl", "events.jsonl"];

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Version of the format.
    pub format: u32,
    /// Version of `bgh` that wrote it.
    pub bgh: String,
    /// Name of the experiment.
    pub experiment: String,
    /// The whole spec as TOML.
    pub spec: String,
    /// Name of the run; `None` for the results of a spec.
    pub run: Option<String>,
    /// The action that each step was, by label.
    pub steps: BTreeMap<String, Digest>,
    /// Bytes of each record.
    pub records: BTreeMap<Digest, u64>,
    /// Bytes of each file of the journal.
    pub journal: BTreeMap<String, u64>,
    /// Bytes of each blob.
    pub blobs: BTreeMap<Digest, u64>,
    /// Source files by their path from the spec's folder; their bytes are among the blobs.
    pub sources: BTreeMap<String, Blob>,
}

/// One file of the archive after the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Member {
    Record(Digest),
    Journal(String),
    Blob(Digest),
}

impl Contents {
    /// The list from its text. A format that is not known is told before the text is understood any further.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
            bgh: String,
        }
        let Format { format, bgh } = serde_json::from_slice(bytes).context("its list cannot be understood")?;
        ensure!(
            format <= FORMAT,
            "it has format {format}, written by bgh {bgh}; this bgh reads formats up to {FORMAT}: take a newer one"
        );
        let contents: Self = serde_json::from_slice(bytes).context("its list cannot be understood")?;
        contents.check()?;
        Ok(contents)
    }

    fn check(&self) -> Result<()> {
        ensure!(is_name(&self.experiment), "`{}` is no name of an experiment", self.experiment);
        ensure!(self.run.as_deref().is_none_or(is_name), "`{}` is no name of a run", self.run.as_deref().unwrap_or_default());
        for name in self.journal.keys() {
            ensure!(JOURNAL.contains(&name.as_str()), "`{name}` is no file of a journal");
        }
        for (path, blob) in &self.sources {
            ensure!(is_below(path), "source `{path}` would not lie below the folder of the spec");
            ensure!(self.blobs.get(&blob.digest) == Some(&blob.size), "the bytes of source `{path}` are not in it");
        }
        Ok(())
    }

    /// Every file of the archive in order, with its length.
    pub(super) fn members(&self) -> impl Iterator<Item = (Member, u64)> {
        let records = self.records.iter().map(|(action, bytes)| (Member::Record(*action), *bytes));
        let journal = self.journal.iter().map(|(name, bytes)| (Member::Journal(name.clone()), *bytes));
        let blobs = self.blobs.iter().map(|(digest, bytes)| (Member::Blob(*digest), *bytes));
        records.chain(journal).chain(blobs)
    }

    /// Bytes of all files; `None` for more than there can be.
    pub fn bytes(&self) -> Option<u64> {
        self.members().try_fold(0u64, |sum, (_, bytes)| sum.checked_add(bytes))
    }
}

impl Member {
    /// Its name in the archive.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Record(action) => format!("records/{action}"),
            Self::Journal(name) => format!("journal/{name}"),
            Self::Blob(digest) => format!("blobs/{digest}"),
        }
    }

    /// What a name in an archive means.
    pub(super) fn parse(name: &str) -> Result<Self> {
        let digest = |hex: &str| hex.parse::<Digest>().ok().filter(|digest| digest.hex() == hex);
        let member = match name.split_once('/') {
            Some(("records", hex)) => digest(hex).map(Self::Record),
            Some(("blobs", hex)) => digest(hex).map(Self::Blob),
            Some(("journal", name)) if JOURNAL.contains(&name) => Some(Self::Journal(name.to_owned())),
            _ => None,
        };
        member.with_context(|| format!("`{name}` has no place in a bundle"))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

/// The path of a source file from the folder of the spec, as bundles name it.
pub(super) fn below(folder: &Path, path: &Path) -> Result<String> {
    let relative = path.strip_prefix(folder).ok().and_then(Path::to_str).filter(|path| is_below(path));
    match relative {
        Some(relative) => Ok(relative.to_owned()),
        None => bail!("source {} does not lie below the folder of the spec, so it cannot travel with it", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for path in ["", "/etc/passwd", "../up", "a/../../b", "./a"] {
            assert!(!is_below(path) || path == "./a", "{path}");
        }
        assert!(is_below("data/one.dcm") && !is_name("../runs") && !is_name("") && is_name("20261128-071514-3f9a"));
        for name in ["blobs/../../etc", "records/zz", "journal/lock", "blobs", "/blobs/x", "blobs/ABCD"] {
            assert!(Member::parse(name).is_err(), "{name}");
        }
        let member = Member::Blob(Digest::of(b"x"));
        assert_eq!(Member::parse(&member.name()).ok(), Some(member));
    }
}
