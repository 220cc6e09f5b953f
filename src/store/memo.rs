//! What records say, so that they need not be read again: an action's outputs under the stamp of its record file. A hint beside the
//! records, which stay the truth: losing it costs reading them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::table::Table;
use super::{Artifact, Digest, Known, Stamp};

/// Bytes of a digest.
const KEY: usize = 32;

/// The memo of one cache.
#[derive(Debug)]
pub(super) struct Memo {
    known: Table<KEY>,
    learned: RwLock<BTreeMap<[u8; KEY], Vec<u8>>>,
    trusting: bool,
}

/// One entry. The provenance stays JSON, because it grows with versions.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    record: Stamp,
    outputs: std::borrow::Cow<'a, BTreeMap<String, Artifact>>,
    provenance: std::borrow::Cow<'a, str>,
}

impl Memo {
    /// Reads the memo at `path`; a missing or damaged one is an empty one.
    pub(super) fn open(path: PathBuf) -> Self {
        Self { known: Table::open(path), learned: RwLock::default(), trusting: true }
    }

    /// Believes nothing that was learned before this run.
    pub(super) fn distrust(&mut self) {
        self.trusting = false;
    }

    /// What the record of `action` says, if its file still has this stamp.
    pub(super) fn get(&self, action: Digest, record: &Stamp) -> Option<Known> {
        let earlier = self.known.get(action.as_bytes()).filter(|_| self.trusting).and_then(|value| decoded(value, record));
        earlier.or_else(|| {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            learned.get(action.as_bytes()).and_then(|value| decoded(value, record))
        })
    }

    /// Takes note of what the record with this stamp says.
    pub(super) fn learn(&self, action: Digest, record: Stamp, known: &Known) {
        let provenance = serde_json::to_string(&known.provenance).expect("BUG: a provenance is plain data");
        let entry = Entry { record, outputs: std::borrow::Cow::Borrowed(&known.outputs), provenance: provenance.into() };
        let value = postcard::to_stdvec(&entry).expect("BUG: an entry is plain data");
        self.learned.write().unwrap_or_else(PoisonError::into_inner).insert(*action.as_bytes(), value);
    }

    /// Writes what was learned, if anything was; `tmp` is a folder for the file on its way.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn save(&self, tmp: &Path) -> io::Result<()> {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        if learned.is_empty() { Ok(()) } else { self.known.extend(&learned, tmp) }
    }
}

fn decoded(value: &[u8], record: &Stamp) -> Option<Known> {
    let entry: Entry<'_> = postcard::from_bytes(value).ok()?;
    let provenance = serde_json::from_str(&entry.provenance).ok()?;
    (entry.record == *record).then(|| Known { outputs: entry.outputs.into_owned(), provenance })
}
