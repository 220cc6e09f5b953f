//! All records and blobs of a cache, with as much of each record as care needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use super::tree;
use crate::artifact::Files;
use crate::store::{ActionResult, Blob, Digest, Store};

/// What a cache holds.
#[derive(Debug)]
pub struct Inventory {
    /// Records that can be understood.
    pub records: BTreeMap<Digest, Record>,
    /// Those that cannot.
    pub damaged: Vec<DamagedRecord>,
    /// Blobs: their length and the time that they are young by.
    pub blobs: BTreeMap<Digest, (u64, SystemTime)>,
}

/// One record, without its manifest.
#[derive(Debug)]
pub struct Record {
    /// Kind of the step.
    pub kind: String,
    /// When it was made.
    pub made: SystemTime,
    /// Bytes of the record itself.
    pub bytes: u64,
    /// Files by port and name (`port/name`).
    pub files: Vec<(String, Blob)>,
}

/// A record that cannot be used.
#[derive(Debug, Clone, Serialize)]
pub struct DamagedRecord {
    /// Where it lies.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl Inventory {
    /// Looks at every record and every name of a blob; no blob is read.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(store: &Store) -> Result<Self> {
        let found = Files::of_folder(&store.root().join("actions-v1"))?;
        let paths: Vec<(&str, &Path)> = found.iter().collect();
        let read: Vec<_> = paths.par_iter().filter_map(|(name, path)| record(name, path)).collect();
        let (mut records, mut damaged) = (BTreeMap::new(), vec![]);
        for outcome in read {
            match outcome {
                Ok((action, record)) => drop(records.insert(action, record)),
                Err(fault) => damaged.push(fault),
            }
        }
        Ok(Self { records, damaged, blobs: blobs(store)? })
    }

    /// Blobs that some record names.
    pub fn named(&self) -> BTreeSet<Digest> {
        self.records.values().flat_map(Record::blobs).map(|blob| blob.digest).collect()
    }
}

impl Record {
    /// What it names.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        self.files.iter().map(|(_, blob)| blob)
    }
}

/// `None` for one that is gone by now.
fn record(name: &str, path: &Path) -> Option<Result<(Digest, Record), DamagedRecord>> {
    let fault = |why: String| DamagedRecord { path: path.to_owned(), why };
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        read => read.map_err(|error| fault(error.to_string())),
    };
    Some(bytes.and_then(|bytes| understood(name, path, &bytes).map_err(fault)))
}

/// A record's name is the digest of its manifest, so one that was changed, or lies under another's name, is found out.
fn understood(name: &str, path: &Path, bytes: &[u8]) -> Result<(Digest, Record), String> {
    let action: Digest = name.replace('/', "").parse().map_err(|_| "its name is no key".to_owned())?;
    let result = ActionResult::of_record(action, bytes)?;
    let made = fs::metadata(path).and_then(|meta| meta.modified()).map_err(|error| error.to_string())?;
    let kind = result.manifest.get("kind").map_or("?", |kind| kind.trim_matches('"')).to_owned();
    Ok((action, Record { kind, made, bytes: bytes.len() as u64, files: files(result) }))
}

fn files(result: ActionResult) -> Vec<(String, Blob)> {
    let artifacts = result.outputs.into_iter();
    artifacts
        .flat_map(|(port, artifact)| artifact.0.into_iter().map(move |(name, blob)| (format!("{port}/{name}"), blob)))
        .collect()
}

fn blobs(store: &Store) -> Result<BTreeMap<Digest, (u64, SystemTime)>> {
    let looked = store.blobs()?.into_par_iter().filter_map(|(digest, path)| {
        let meta = fs::metadata(path).ok()?;
        Some((digest, (meta.len(), tree::last_touched(&meta))))
    });
    Ok(looked.collect::<Vec<_>>().into_iter().collect())
}
