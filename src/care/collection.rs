//! What can go from a cache: first a plan, which changes nothing, then its execution.
//!
//! Records go before the blobs that they name, so a kill at any moment leaves blobs without a name and never a name without its blob.
//! Whoever executes a plan has the cache for themselves from before it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::Serialize;

use super::needs::{Needs, action_of};
use super::{Inventory, tree};
use crate::store::{Digest, Store};

/// What is to stay.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// Results that stay in any case.
    pub keep: BTreeSet<Digest>,
    /// Of each experiment, results and journals of this many last runs stay.
    pub recent: usize,
    /// What was used within this time stays.
    pub unused: Duration,
    /// Blobs without a record and files on their way stay as long as they are younger.
    pub grace: Duration,
    /// Checkpoints of jobs that were left behind stay as long as they are younger.
    pub checkpoints: Duration,
    /// Bytes that the cache may have; the results that were not used for the longest time go until it has.
    pub max_size: Option<u64>,
    /// The time at which this is asked.
    pub now: SystemTime,
}

impl Wishes {
    /// What lies in the future, by a clock that was wrong, is young.
    fn is_older(&self, time: SystemTime, age: Duration) -> bool {
        self.now.duration_since(time).is_ok_and(|passed| passed >= age)
    }

    pub(super) fn is_unused(&self, used: SystemTime) -> bool {
        self.is_older(used, self.unused)
    }
}

/// Files of one sort that can go.
#[derive(Debug, Default, Serialize)]
pub struct Pile {
    /// How many.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Where they lie.
    pub paths: Vec<PathBuf>,
}

impl Pile {
    fn add(&mut self, path: PathBuf, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
        self.paths.push(path);
    }

    fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut pile = Self::default();
        paths.into_iter().for_each(|path| pile.add(path.clone(), tree::bytes(&path)));
        pile
    }
}

/// A plan: what goes, in the order in which it goes.
#[derive(Debug, Serialize)]
pub struct Collection {
    /// Records that nobody needs.
    pub results: Pile,
    /// Blobs that no record needs any more.
    pub blobs: Pile,
    /// Job directories of runs that are no more.
    pub jobs: Pile,
    /// Logs of steps whose results are gone.
    pub logs: Pile,
    /// Journals of runs long ago.
    pub runs: Pile,
    /// Files that never arrived.
    pub strays: Pile,
    /// Results that stay.
    pub kept: usize,
    /// Bytes of the whole cache before.
    pub size_before: u64,
    /// Bytes of the whole cache afterwards.
    pub size_after: u64,
}

impl Collection {
    /// What can go, given these wishes.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn plan(store: &Store, wishes: &Wishes) -> Result<Self> {
        let inventory = Inventory::of(store)?;
        let needs = Needs::of(store, &inventory, wishes)?;
        let size_before = tree::bytes(store.root());
        let mut stays: BTreeSet<Digest> =
            inventory.records.keys().filter(|action| needs.wants(action, wishes)).copied().collect();
        let mut plan = Self {
            results: Pile::default(),
            blobs: Pile::default(),
            jobs: Pile::of(dead_jobs(store, wishes)),
            logs: Pile::default(),
            runs: Pile::of(needs.old_runs.iter().cloned()),
            strays: Pile::of(strays(store, wishes)),
            kept: 0,
            size_before,
            size_after: 0,
        };
        plan.blobs = blobs(store, &inventory, &stays, wishes);
        if let Some(limit) = wishes.max_size {
            let others = [&plan.jobs, &plan.runs, &plan.strays, &plan.blobs].iter().map(|pile| pile.bytes).sum::<u64>();
            let records: u64 = going(&inventory, &stays).map(|action| inventory.records[action].bytes).sum();
            evict(&inventory, &needs, &mut stays, size_before.saturating_sub(others + records), limit);
            plan.blobs = blobs(store, &inventory, &stays, wishes);
        }
        for action in going(&inventory, &stays) {
            plan.results.add(store.action(*action), inventory.records[action].bytes);
        }
        plan.logs = Pile::of(logs(store, &stays, wishes));
        plan.kept = stays.len();
        plan.size_after = size_before.saturating_sub(plan.piles().iter().map(|(_, pile)| pile.bytes).sum());
        Ok(plan)
    }

    /// What goes, by what it is.
    pub fn piles(&self) -> [(&'static str, &Pile); 6] {
        [
            ("results", &self.results),
            ("blobs", &self.blobs),
            ("jobs left behind", &self.jobs),
            ("logs", &self.logs),
            ("journals of runs", &self.runs),
            ("strays", &self.strays),
        ]
    }

    /// Removes all of it. What is gone already is no fault.
    ///
    /// # Errors
    /// When the disk refuses; what was removed until then was not needed.
    pub fn execute(&self) -> Result<()> {
        self.piles().iter().flat_map(|(_, pile)| &pile.paths).try_for_each(|path| remove(path))
    }
}

fn going<'a>(inventory: &'a Inventory, stays: &'a BTreeSet<Digest>) -> impl Iterator<Item = &'a Digest> {
    inventory.records.keys().filter(|action| !stays.contains(action))
}

/// Blobs of results that go, and old ones that never had a record.
fn blobs(store: &Store, inventory: &Inventory, stays: &BTreeSet<Digest>, wishes: &Wishes) -> Pile {
    let kept = inventory.records.iter().filter(|(action, _)| stays.contains(action));
    let needed: BTreeSet<Digest> = kept.flat_map(|(_, record)| record.blobs()).map(|blob| blob.digest).collect();
    let named = inventory.named();
    let mut pile = Pile::default();
    for (digest, (bytes, touched)) in &inventory.blobs {
        let goes = !needed.contains(digest) && (named.contains(digest) || wishes.is_older(*touched, wishes.grace));
        if goes {
            pile.add(store.blob(*digest), *bytes);
        }
    }
    pile
}

/// Lets results go, those first that were not used for the longest time, until what remains has at most `limit` bytes.
fn evict(inventory: &Inventory, needs: &Needs, stays: &mut BTreeSet<Digest>, size: u64, limit: u64) {
    let mut holders: BTreeMap<Digest, usize> = BTreeMap::new();
    for digest in stays.iter().flat_map(|action| distinct(inventory, action)) {
        *holders.entry(digest).or_default() += 1;
    }
    let mut order: Vec<Digest> = stays.difference(&needs.firm).copied().collect();
    order.sort_by_key(|action| (needs.used.get(action).copied(), inventory.records[action].made, *action));
    let mut size = size;
    for action in order {
        if size <= limit {
            return;
        }
        size = size.saturating_sub(inventory.records[&action].bytes);
        for digest in distinct(inventory, &action) {
            let count = holders.entry(digest).or_default();
            *count -= 1;
            if *count == 0 {
                size = size.saturating_sub(inventory.blobs.get(&digest).map_or(0, |(bytes, _)| *bytes));
            }
        }
        stays.remove(&action);
    }
}

fn distinct(inventory: &Inventory, action: &Digest) -> BTreeSet<Digest> {
    inventory.records[action].blobs().map(|blob| blob.digest).collect()
}

/// Job directories that nobody works in; a young checkpoint may still save an attempt.
fn dead_jobs(store: &Store, wishes: &Wishes) -> Vec<PathBuf> {
    let entries = tree::entries(&store.root().join("jobs-v1"));
    let is_claimed = |job: &Path| action_of(job).is_some_and(|action| store.is_claimed(action));
    entries.into_iter().filter(|job| !is_claimed(job) && !has_young_checkpoint(job, wishes)).collect()
}

fn has_young_checkpoint(job: &Path, wishes: &Wishes) -> bool {
    let folder = job.join("checkpoint");
    let has_content = !tree::entries(&folder).is_empty();
    has_content && tree::last_written(&folder).is_some_and(|written| !wishes.is_older(written, wishes.checkpoints))
}

fn logs(store: &Store, stays: &BTreeSet<Digest>, wishes: &Wishes) -> Vec<PathBuf> {
    let is_kept = |path: &PathBuf| {
        let action = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        action.is_some_and(|action| stays.contains(&action) || store.job(action).exists())
    };
    let is_old = |path: &PathBuf| tree::last_written(path).is_some_and(|written| wishes.is_unused(written));
    let entries = tree::entries(&store.root().join("logs-v1"));
    entries.into_iter().filter(|path| !is_kept(path) && is_old(path)).collect()
}

fn strays(store: &Store, wishes: &Wishes) -> Vec<PathBuf> {
    let is_old = |path: &PathBuf| tree::last_written(path).is_some_and(|written| wishes.is_older(written, wishes.grace));
    tree::entries(&store.root().join("tmp")).into_iter().filter(is_old).collect()
}

fn remove(path: &Path) -> Result<()> {
    let is_folder = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    match if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) } {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
