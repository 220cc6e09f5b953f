//! Whether a cache is whole: every blob is read again and set against its name, every record against its key and its blobs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Serialize;

use super::{DamagedRecord, Inventory, Names};
use crate::store::{Digest, Store};

/// What was found.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Blobs read.
    pub blobs: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: usize,
    /// Blobs that do not hold what their name says, or cannot be read.
    pub damaged: Vec<DamagedBlob>,
    /// Records that cannot be used.
    pub damaged_records: Vec<DamagedRecord>,
    /// Blobs that a record names and that were not there to begin with.
    pub missing: Vec<MissingBlob>,
    /// Whether what is damaged has been removed.
    pub removed: bool,
}

/// A blob that cannot be used.
#[derive(Debug, Serialize)]
pub struct DamagedBlob {
    /// Where it lies, or lay.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Steps whose results it is part of.
    pub steps: Vec<String>,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    is_readable: bool,
}

/// A file of a result that is gone.
#[derive(Debug, Serialize)]
pub struct MissingBlob {
    /// The step whose result it is part of.
    pub step: String,
    /// Its port and name (`port/name`).
    pub file: String,
    /// Digest of its bytes.
    pub digest: Digest,
}

impl Verdict {
    /// Reads the whole cache, several files at once; `read` is told the bytes of each. Nothing is changed.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(store: &Store, inventory: &Inventory, read: &(dyn Fn(u64) + Sync)) -> Result<Self> {
        let checked = |(digest, (bytes, _)): (&Digest, &(u64, _))| {
            let fault = check(store, *digest);
            read(*bytes);
            fault
        };
        let mut damaged: Vec<DamagedBlob> = inventory.blobs.par_iter().filter_map(checked).collect();
        let missing = absent(store, inventory);
        let names = if damaged.is_empty() && missing.is_empty() { None } else { Some(Names::of(store)?) };
        let name = |action: Digest, kind: &str| names.as_ref().map(|names| names.name(action, kind)).unwrap_or_default();
        tell_steps(&mut damaged, inventory, &name);
        let missing = missing.into_iter().map(|(action, file, digest)| {
            let kind = inventory.records.get(&action).map_or("?", |record| &record.kind);
            MissingBlob { step: name(action, kind), file, digest }
        });
        Ok(Self {
            blobs: inventory.blobs.len(),
            bytes: inventory.blobs.values().map(|(bytes, _)| bytes).sum(),
            records: inventory.records.len() + inventory.damaged.len(),
            damaged,
            damaged_records: inventory.damaged.clone(),
            missing: missing.collect(),
            removed: false,
        })
    }

    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.damaged.is_empty() && self.damaged_records.is_empty() && self.missing.is_empty()
    }

    /// Removes what is damaged, so that the next run makes it anew. A file that cannot be read may be whole, and stays. A blob that
    /// a run has made anew meanwhile is looked at once more, and stays as well.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_damage(&mut self, store: &Store) -> Result<()> {
        let still = |blob: &&DamagedBlob| blob.is_readable && check(store, blob.digest).is_some();
        self.damaged.iter().filter(still).try_for_each(|blob| remove(&blob.path))?;
        self.damaged_records.iter().try_for_each(|record| remove(&record.path))?;
        self.removed = true;
        Ok(())
    }
}

fn check(store: &Store, digest: Digest) -> Option<DamagedBlob> {
    let path = store.blob(digest);
    let fault = |path, why, is_readable| Some(DamagedBlob { path, why, steps: vec![], digest, is_readable });
    match Digest::of_file(&path) {
        Ok(found) if found == digest => None,
        Ok(found) => fault(path, format!("it holds the bytes of {}", found.short()), true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => fault(path, error.to_string(), false),
    }
}

fn absent(store: &Store, inventory: &Inventory) -> Vec<(Digest, String, Digest)> {
    let mut absent = vec![];
    for (action, record) in &inventory.records {
        let gone = record.files.iter().filter(|(_, blob)| !inventory.blobs.contains_key(&blob.digest));
        // One that a run has published since the list was made is there now.
        let gone = gone.filter(|(_, blob)| !store.blob(blob.digest).exists());
        absent.extend(gone.map(|(file, blob)| (*action, file.clone(), blob.digest)));
    }
    absent
}

fn tell_steps(damaged: &mut [DamagedBlob], inventory: &Inventory, name: &dyn Fn(Digest, &str) -> String) {
    let wanted: BTreeSet<Digest> = damaged.iter().map(|blob| blob.digest).collect();
    let mut steps: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
    for (action, record) in &inventory.records {
        for blob in record.blobs().filter(|blob| wanted.contains(&blob.digest)) {
            steps.entry(blob.digest).or_default().insert(name(*action, &record.kind));
        }
    }
    for blob in damaged {
        blob.steps = steps.remove(&blob.digest).unwrap_or_default().into_iter().collect();
    }
}

fn remove(path: &std::path::Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}
