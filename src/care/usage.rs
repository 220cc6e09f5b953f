//! What a cache holds and for whom.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::{Inventory, tree};
use crate::history::Runs;
use crate::store::{Digest, Store};

/// A part of a cache. Parts may share blobs, so they add up to more than the whole.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Results, files or folders in it.
    pub count: usize,
    /// Bytes of the blobs that they need, each counted once.
    pub bytes: u64,
}

/// How large a cache is.
#[derive(Debug, Serialize)]
pub struct Usage {
    /// Results by kind of step.
    pub kinds: BTreeMap<String, Share>,
    /// Results by experiment that used them in a run that is still known.
    pub experiments: BTreeMap<String, Share>,
    /// Results by run.
    pub runs: BTreeMap<String, Share>,
    /// All blobs.
    pub blobs: Share,
    /// Blobs that no record names.
    pub nameless: Share,
    /// Job directories.
    pub jobs: Share,
    /// Logs of steps.
    pub logs: Share,
    /// Journals of runs.
    pub journals: Share,
    /// Files on their way.
    pub tmp: Share,
    /// Bytes of the whole cache.
    pub bytes: u64,
}

impl Usage {
    /// Looks at everything; no blob is read.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(store: &Store) -> Result<Self> {
        let inventory = Inventory::of(store)?;
        let mut kinds: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
        for (action, record) in &inventory.records {
            kinds.entry(record.kind.clone()).or_default().insert(*action);
        }
        let (experiments, runs) = users(store)?;
        let named = inventory.named();
        let nameless = inventory.blobs.iter().filter(|(digest, _)| !named.contains(digest));
        let shares = |of: BTreeMap<String, BTreeSet<Digest>>| -> BTreeMap<String, Share> {
            of.into_iter().map(|(name, actions)| (name, share(&inventory, &actions))).collect()
        };
        Ok(Self {
            kinds: shares(kinds),
            experiments: shares(experiments),
            runs: shares(runs),
            blobs: total(inventory.blobs.values().map(|(bytes, _)| *bytes)),
            nameless: total(nameless.map(|(_, (bytes, _))| *bytes)),
            jobs: folder(store, "jobs-v1", |path| path.is_dir()),
            logs: folder(store, "logs-v1", |_| true),
            journals: folder(store, "runs-v1", |_| true),
            tmp: folder(store, "tmp", |_| true),
            bytes: tree::bytes(store.root()),
        })
    }
}

type ByName = BTreeMap<String, BTreeSet<Digest>>;

fn users(store: &Store) -> Result<(ByName, ByName)> {
    let (mut experiments, mut runs) = (ByName::new(), ByName::new());
    for run in Runs::of(store).list()? {
        let actions: BTreeSet<Digest> = run.actions().unwrap_or_default().into_values().collect();
        experiments.entry(run.header().experiment.clone()).or_default().extend(&actions);
        runs.insert(run.id().to_owned(), actions);
    }
    for last in store.last_uses() {
        experiments.entry(last.experiment).or_default().extend(last.steps.iter().map(|(_, action)| action));
    }
    Ok((experiments, runs))
}

fn share(inventory: &Inventory, actions: &BTreeSet<Digest>) -> Share {
    let records: Vec<_> = actions.iter().filter_map(|action| inventory.records.get(action)).collect();
    let blobs: BTreeMap<Digest, u64> =
        records.iter().flat_map(|record| record.blobs()).map(|blob| (blob.digest, blob.size)).collect();
    Share { count: records.len(), bytes: blobs.values().sum() }
}

fn total(bytes: impl Iterator<Item = u64>) -> Share {
    bytes.fold(Share::default(), |sum, bytes| Share { count: sum.count + 1, bytes: sum.bytes + bytes })
}

fn folder(store: &Store, name: &str, counts: impl Fn(&std::path::Path) -> bool) -> Share {
    let entries = tree::entries(&store.root().join(name));
    total(entries.iter().filter(|path| counts(path)).map(|path| tree::bytes(path)))
}
