//! What can go from a remote: first a plan, which changes nothing, then its execution.
//!
//! Nobody can lock a remote, so what is young stays: whoever sends a result has its blobs there before its record, and the record before
//! the use that names it. Records go before the blobs that they name. Before blobs go, it is looked once more for records that came
//! meanwhile. A result that loses a blob all the same is found out by whoever reads it, made again, and mended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectMeta};
use serde::Serialize;

use super::exchange::{Remote, Way};
use super::layout::Kind;
use super::trouble::Trouble;
use super::uses::Use;
use crate::store::{ActionResult, Digest};

/// What is to stay.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// Results that stay in any case.
    pub keep: BTreeSet<Digest>,
    /// Of each experiment, what this many last uses stand on stays.
    pub recent: usize,
    /// What was made or used within this time stays.
    pub unused: Duration,
    /// Everything younger than this stays.
    pub grace: Duration,
    /// The time at which this is asked.
    pub now: SystemTime,
}

impl Keeping {
    fn is_older(&self, time: SystemTime, age: Duration) -> bool {
        self.now.duration_since(time).is_ok_and(|passed| passed >= age)
    }
}

/// Objects of one sort that can go.
#[derive(Debug, Default, Serialize)]
pub struct Heap {
    /// How many.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
    #[serde(skip)]
    names: Vec<Path>,
}

impl Heap {
    fn add(&mut self, name: Path, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
        self.names.push(name);
    }
}

/// A plan: what goes, in the order in which it goes.
#[derive(Debug, Default, Serialize)]
pub struct Clearance {
    /// Records that nobody needs.
    pub results: Heap,
    /// Tellings of uses long ago.
    pub uses: Heap,
    /// Blobs that no record needs any more.
    pub blobs: Heap,
    /// Results that stay.
    pub kept: usize,
    /// Bytes before.
    pub size_before: u64,
    /// Bytes afterwards.
    pub size_after: u64,
    #[serde(skip)]
    seen: BTreeSet<Digest>,
}

impl Clearance {
    /// What can go, given these wishes.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub fn plan(remote: &Remote, keeping: &Keeping) -> Result<Self, Trouble> {
        remote.block_on(Self::planned(remote, keeping))
    }

    async fn planned(remote: &Remote, keeping: &Keeping) -> Result<Self, Trouble> {
        // Blobs first: one that comes after this look is not in the plan.
        let there = remote.list(Kind::Blob).await?;
        let records = remote.list(Kind::Record).await?;
        let uses = remote.uses().await?;
        let size_before = there.iter().chain(&records).map(|(_, meta)| meta.size).sum::<u64>()
            + uses.iter().map(|used| used.bytes).sum::<u64>();
        let mut plan = Self { size_before, seen: records.iter().map(|(action, _)| *action).collect(), ..Self::default() };
        let (last, old) = split(uses, keeping);
        old.into_iter().for_each(|used| plan.uses.add(used.name, used.bytes));
        let mut wanted = keeping.keep.clone();
        for used in &last {
            wanted.extend(remote.used(&used.name).await?);
        }
        let stays = |(action, meta): &(Digest, ObjectMeta)| {
            wanted.contains(action) || !keeping.is_older(meta.last_modified.into(), keeping.unused.max(keeping.grace))
        };
        let (kept, going): (Vec<_>, Vec<_>) = records.into_iter().partition(stays);
        going.into_iter().for_each(|(_, meta)| plan.results.add(meta.location, meta.size));
        let read = remote.read_records(kept.iter().map(|(action, _)| *action)).await?;
        let mut needed = BTreeSet::new();
        for (action, meta) in kept {
            match read.get(&action) {
                Some(result) => needed.extend(result.files().map(|(_, blob)| blob.digest)),
                None => plan.results.add(meta.location, meta.size),
            }
        }
        plan.kept = read.len();
        let is_old = |meta: &ObjectMeta| keeping.is_older(meta.last_modified.into(), keeping.grace);
        let unneeded = there.into_iter().filter(|(digest, meta)| !needed.contains(digest) && is_old(meta));
        unneeded.for_each(|(_, meta)| plan.blobs.add(meta.location, meta.size));
        plan.size_after = size_before - plan.heaps().iter().map(|(_, heap)| heap.bytes).sum::<u64>();
        Ok(plan)
    }

    /// What goes, by what it is.
    pub fn heaps(&self) -> [(&'static str, &Heap); 3] {
        [("results", &self.results), ("uses", &self.uses), ("blobs", &self.blobs)]
    }

    /// Removes all of it. What is gone already is no fault.
    ///
    /// # Errors
    /// When the remote does not take it; what was removed until then was not needed.
    pub fn execute(&self, remote: &Remote) -> Result<(), Trouble> {
        remote.block_on(async {
            remote.remove(&self.results.names).await?;
            remote.remove(&self.uses.names).await?;
            let came = remote.list(Kind::Record).await?.into_iter().map(|(action, _)| action);
            let came = remote.read_records(came.filter(|action| !self.seen.contains(action))).await?;
            let spared: BTreeSet<Path> = came
                .values()
                .flat_map(ActionResult::files)
                .map(|(_, blob)| remote.layout.name(Kind::Blob, blob.digest))
                .collect();
            let blobs: Vec<Path> = self.blobs.names.iter().filter(|name| !spared.contains(*name)).cloned().collect();
            remote.remove(&blobs).await
        })
    }
}

/// Uses that count, and those that do not any more.
fn split(uses: Vec<Use>, keeping: &Keeping) -> (Vec<Use>, Vec<Use>) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    uses.into_iter().partition(|used| {
        let rank = seen.entry(used.experiment.clone()).or_default();
        *rank += 1;
        *rank <= keeping.recent || !keeping.is_older(used.at, keeping.unused.max(keeping.grace))
    })
}

impl Remote {
    /// Records that can be understood.
    async fn read_records(&self, actions: impl Iterator<Item = Digest>) -> Result<BTreeMap<Digest, ActionResult>, Trouble> {
        let read = |action: Digest| async move { Ok(self.record(action).await?.map(|result| (action, result))) };
        let read = stream::iter(actions.map(read)).buffer_unordered(self.site.parallel);
        let found: Vec<Option<(Digest, ActionResult)>> = read.try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn remove(&self, names: &[Path]) -> Result<(), Trouble> {
        self.request(Way::Send, || async {
            let names: Vec<object_store::Result<Path>> = names.iter().cloned().map(Ok).collect();
            let mut removed = self.client.delete_stream(stream::iter(names).boxed());
            while let Some(outcome) = self.timed(0, async { Ok(removed.next().await) }).await? {
                match outcome {
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(Trouble::of(error)),
                }
            }
            Ok(())
        })
        .await
    }
}
