//! One remote as a process uses it: its client, how many requests go on at once, how often and how long each is tried, and whether it
//! has been given up.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::layout::{Kind, Layout};
use super::location::Location;
use super::pace::Pace;
use super::trouble::Trouble;
use crate::site::RemoteSite;
use crate::store::Digest;

/// The wait before the second try; it doubles from try to try.
const BACK_OFF: Duration = Duration::from_millis(200);
/// The slowest line on which a request is believed to go on, bytes a second.
const SLOWEST: u64 = 64 << 10;

/// Which way bytes go. A remote may be readable and not writable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Fetch,
    Send,
}

/// A remote cache in use.
pub struct Remote {
    pub(super) location: Location,
    pub(super) client: Arc<dyn ObjectStore>,
    pub(super) layout: Layout,
    pub(super) pace: Pace,
    pub(super) site: RemoteSite,
    pub(super) counts: Counts,
    runtime: Runtime,
    line: Semaphore,
    lost: [Mutex<Option<Trouble>>; 2],
    told: AtomicBool,
    /// Results that it has and that cannot be used; they are replaced when they have been made again.
    spoilt: Mutex<BTreeSet<Digest>>,
}

/// What has passed so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) fetched_results: AtomicU64,
    pub(super) fetched_blobs: AtomicU64,
    pub(super) fetched_bytes: AtomicU64,
    pub(super) sent_results: AtomicU64,
    pub(super) sent_blobs: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
}

/// What has passed so far, as numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Results that were found there and used.
    pub fetched_results: u64,
    /// Blobs that were fetched.
    pub fetched_blobs: u64,
    /// Their bytes.
    pub fetched_bytes: u64,
    /// Results that were sent.
    pub sent_results: u64,
    /// Blobs that were sent.
    pub sent_blobs: u64,
    /// Their bytes.
    pub sent_bytes: u64,
}

impl Remote {
    /// A remote at `location`; nothing is asked of it yet.
    ///
    /// # Errors
    /// When the location cannot be used at all.
    pub fn open(location: Location, site: &RemoteSite) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.context("cannot start the threads of the remote cache")?;
        let (client, prefix) = {
            let _inside = runtime.enter();
            location.open(site)?
        };
        Ok(Self {
            location,
            client,
            layout: Layout::below(prefix),
            pace: Pace::new(site.bandwidth),
            counts: Counts::default(),
            runtime,
            line: Semaphore::new(site.parallel),
            lost: [Mutex::default(), Mutex::default()],
            told: AtomicBool::new(false),
            spoilt: Mutex::default(),
            site: site.clone(),
        })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether a run should ask it for results.
    pub fn is_read(&self) -> bool {
        self.site.read && self.lost(Way::Fetch).is_none()
    }

    /// Whether a run should send it results.
    pub fn is_written(&self) -> bool {
        self.site.write && self.lost(Way::Send).is_none()
    }

    /// What has passed so far.
    pub fn tally(&self) -> Tally {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        Tally {
            fetched_results: of(&counts.fetched_results),
            fetched_blobs: of(&counts.fetched_blobs),
            fetched_bytes: of(&counts.fetched_bytes),
            sent_results: of(&counts.sent_results),
            sent_blobs: of(&counts.sent_blobs),
            sent_bytes: of(&counts.sent_bytes),
        }
    }

    /// Why the remote was given up, the first time that this is asked.
    pub fn news(&self) -> Option<String> {
        let (way, trouble) = [Way::Fetch, Way::Send].into_iter().find_map(|way| Some((way, self.lost(way)?)))?;
        if self.told.swap(true, Ordering::Relaxed) {
            return None;
        }
        let what = if way == Way::Fetch { "read" } else { "written to" };
        let (location, advice) = (&self.location, self.location.advice());
        Some(format!("the remote cache {location} could not be {what}, so this run goes on without: {trouble}; {advice}"))
    }

    /// Why it cannot be read any more, if it cannot.
    pub fn failed_to_read(&self) -> Option<Trouble> {
        self.lost(Way::Fetch)
    }

    /// A failure of a command that is about the remote.
    pub fn refusal(&self, trouble: &Trouble) -> anyhow::Error {
        anyhow::anyhow!("the remote cache {}: {trouble}\n  hint: {}", self.location, self.location.advice())
    }

    /// Sends nothing more; what is under way fails.
    pub fn stop_sending(&self) {
        self.told.store(true, Ordering::Relaxed);
        self.lose(Way::Send, &Trouble::Here("interrupted".to_owned()));
    }

    /// Takes note that a result that is there cannot be used.
    pub fn spoil(&self, action: Digest) {
        self.spoilt.lock().unwrap_or_else(PoisonError::into_inner).insert(action);
    }

    pub(super) fn is_spoilt(&self, action: Digest) -> bool {
        self.spoilt.lock().unwrap_or_else(PoisonError::into_inner).contains(&action)
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Does one thing at the remote, once more after a wait where that may help, and gives the remote up where it does not.
    pub(super) async fn request<T, F>(&self, way: Way, one: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut tried = 0;
        loop {
            let outcome = self.once(way, &one).await;
            match outcome {
                Err(trouble) if trouble.may_pass() && tried < self.site.retries && self.lost(way).is_none() => {
                    tokio::time::sleep(BACK_OFF * 2u32.saturating_pow(tried)).await;
                    tried += 1;
                }
                Err(trouble) => {
                    if trouble.is_of_the_remote() {
                        self.lose(way, &trouble);
                    }
                    return Err(trouble);
                }
                done => return done,
            }
        }
    }

    async fn once<T, F>(&self, way: Way, one: &impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let _place = self.line.acquire().await.map_err(Trouble::here)?;
        match self.lost(way) {
            Some(trouble) => Err(trouble),
            None => one().await,
        }
    }

    /// Waits for an answer about so many bytes as long as a slow line may take, and no longer.
    pub(super) async fn timed<T>(
        &self,
        bytes: u64,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Trouble> {
        let patience = self.site.timeout + Duration::from_secs(bytes / SLOWEST);
        let answer = tokio::time::timeout(patience, answer).await;
        answer.map_err(|_| Trouble::silence(patience))?.map_err(Trouble::of)
    }

    pub(super) fn lost(&self, way: Way) -> Option<Trouble> {
        self.lost[way as usize].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lose(&self, way: Way, trouble: &Trouble) {
        let mut lost = self.lost[way as usize].lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert_with(|| trouble.clone());
    }

    /// The whole of a small object; `None` where there is none.
    pub(super) async fn read(&self, name: &Path) -> Result<Option<Vec<u8>>, Trouble> {
        let got = self.request(Way::Fetch, || async {
            let got = self.timed(0, self.client.get(name)).await?;
            let bytes = self.timed(got.meta.size, got.bytes()).await?;
            self.pace.pass(bytes.len()).await;
            Ok(bytes.to_vec())
        });
        match got.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Everything of a kind, with what the remote says of it.
    pub(super) async fn list(&self, kind: Kind) -> Result<Vec<(Digest, ObjectMeta)>, Trouble> {
        let found = self.list_below(&self.layout.folder(kind)).await?;
        Ok(found.into_iter().filter_map(|meta| Some((self.layout.digest(kind, &meta.location)?, meta))).collect())
    }

    /// Everything below a name.
    pub(super) async fn list_below(&self, folder: &Path) -> Result<Vec<ObjectMeta>, Trouble> {
        self.request(Way::Fetch, || async {
            let (mut listing, mut found) = (self.client.list(Some(folder)), vec![]);
            while let Some(meta) = self.timed(0, async { listing.next().await.transpose() }).await? {
                found.push(meta);
            }
            Ok(found)
        })
        .await
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({})", self.location)
    }
}

pub(super) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}
