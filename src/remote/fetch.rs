//! From the remote into the local cache. Requests go on while what came before is hashed and written: one thread waits for the line, the
//! others hold bytes against their digest and take in what is whole, as if it had been made here. A record is published after all that it names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};

use anyhow::Result;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::{GetResultPayload, ObjectStoreExt};
use rayon::prelude::*;
use tempfile::NamedTempFile;
use tokio::sync::oneshot;

use super::exchange::{Remote, Way, add};
use super::layout::Kind;
use super::trouble::Trouble;
use crate::store::{ActionResult, Blob, Digest, Store};

/// A blob up to this size is held in memory; of a larger one as much is read at a time.
const PIECE: usize = 1 << 20;

/// What came of fetching blobs.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Blobs that came and are in the cache now.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Those that could not be had, and why.
    pub missing: BTreeMap<Digest, Trouble>,
}

impl Remote {
    /// The records of those of these actions that are there and are what their names say.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub fn records(&self, actions: &[Digest]) -> Result<BTreeMap<Digest, ActionResult>, Trouble> {
        self.block_on(async {
            let asked = stream::iter(actions).map(|action| async { Ok((*action, self.record(*action).await?)) });
            let mut found = BTreeMap::new();
            let mut asked = asked.buffer_unordered(2 * self.site.parallel);
            while let Some(answer) = asked.next().await {
                let (action, record) = answer?;
                found.extend(record.map(|record| (action, record)));
            }
            Ok(found)
        })
    }

    /// A record that is damaged is as good as none.
    pub(super) async fn record(&self, action: Digest) -> Result<Option<ActionResult>, Trouble> {
        let Some(bytes) = self.read(&self.layout.name(Kind::Record, action)).await? else { return Ok(None) };
        let record = ActionResult::of_record(action, &bytes);
        if let Err(why) = &record {
            self.spoil(action);
            tracing::warn!(%action, why, remote = %self.location, "a record at the remote is damaged");
        }
        Ok(record.ok())
    }

    /// All actions of which there is a record.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub fn actions(&self) -> Result<Vec<Digest>, Trouble> {
        let listed = self.block_on(self.list(Kind::Record))?;
        Ok(listed.into_iter().map(|(action, _)| action).collect())
    }

    /// Brings blobs into the cache that it has not.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn bring(&self, store: &Store, blobs: impl IntoIterator<Item = Blob>) -> Result<Fetched> {
        let wanted: BTreeMap<Digest, u64> = blobs.into_iter().map(|blob| (blob.digest, blob.size)).collect();
        let wanted = wanted.into_par_iter().map(|(digest, size)| Blob { digest, size });
        let absent: Vec<Blob> = wanted.filter(|blob| !store.is_whole(blob)).collect();
        let mut fetched = Fetched::default();
        for (blob, outcome) in self.fetch_blobs(store, &absent) {
            match outcome {
                Ok(()) => (fetched.blobs, fetched.bytes) = (fetched.blobs + 1, fetched.bytes + blob.size),
                Err(Trouble::Here(why)) => anyhow::bail!("cannot fetch blob {}: {why}", blob.digest.short()),
                Err(trouble) => drop(fetched.missing.insert(blob.digest, trouble)),
            }
        }
        Ok(fetched)
    }

    /// Not for a thread of rayon's: it waits here for work that others of them do. Twice as many are under way as there may be requests, so that
    /// the line is busy while others are written. A fault on this side, as a
    /// full disk, is one of all that would follow.
    fn fetch_blobs(&self, store: &Store, blobs: &[Blob]) -> Vec<(Blob, Result<(), Trouble>)> {
        rayon::in_place_scope(|writers| {
            let one = |blob: Blob| async move { (blob, self.fetch_blob(store, blob, writers).await) };
            let mut all = stream::iter(blobs.iter().copied().map(one)).buffer_unordered(2 * self.site.parallel);
            let mut outcomes = vec![];
            self.block_on(async {
                while !matches!(outcomes.last(), Some((_, Err(Trouble::Here(_)))))
                    && let Some(outcome) = all.next().await
                {
                    outcomes.push(outcome);
                }
            });
            outcomes
        })
    }

    async fn fetch_blob<'scope>(
        &self,
        store: &'scope Store,
        blob: Blob,
        writers: &rayon::Scope<'scope>,
    ) -> Result<(), Trouble> {
        let outcome = match self.ask_for(store, blob).await {
            Ok(arrival) => aside(writers, move || arrival.land(store, blob)).await,
            Err(trouble) => Err(trouble),
        };
        match &outcome {
            Ok(()) => {
                add(&self.counts.fetched_blobs, 1);
                add(&self.counts.fetched_bytes, blob.size);
            }
            Err(Trouble::Damaged(why)) => {
                tracing::warn!(blob = %blob.digest, why, remote = %self.location, "a blob at the remote is damaged");
            }
            Err(_) => {}
        }
        outcome
    }

    async fn ask_for(&self, store: &Store, blob: Blob) -> Result<Arrival, Trouble> {
        let name = self.layout.name(Kind::Blob, blob.digest);
        self.request(Way::Fetch, || async {
            let got = self.timed(0, self.client.get(&name)).await?;
            match got.payload {
                GetResultPayload::File(file, _) => {
                    self.pace.pass(usize::try_from(blob.size).unwrap_or(usize::MAX)).await;
                    Ok(Arrival::File(file))
                }
                GetResultPayload::Stream(stream) => self.receive(store, blob, stream).await,
            }
        })
        .await
    }

    /// A small blob into memory, a large one to the disk piece by piece.
    async fn receive(
        &self,
        store: &Store,
        blob: Blob,
        mut stream: BoxStream<'static, object_store::Result<Bytes>>,
    ) -> Result<Arrival, Trouble> {
        let mut next = async || {
            let piece = self.timed(0, async { stream.next().await.transpose() }).await?;
            self.pace.pass(piece.as_ref().map_or(0, Bytes::len)).await;
            Ok::<_, Trouble>(piece)
        };
        if blob.size > PIECE as u64 {
            let mut landing = Landing::new(blob, store)?;
            while let Some(piece) = next().await? {
                landing.take(&piece)?;
            }
            return Ok(Arrival::Written(Box::new(landing)));
        }
        let mut pieces = vec![];
        let mut bytes = 0;
        while let Some(piece) = next().await? {
            bytes += piece.len() as u64;
            is_no_more(bytes, blob)?;
            pieces.push(piece);
        }
        Ok(Arrival::Pieces(pieces))
    }

    /// Takes one result whole: its blobs, then its record. `None` where there is none, or not all of it can be had.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn take(&self, store: &Store, action: Digest) -> Result<Option<ActionResult>> {
        let Ok(Some(result)) = self.block_on(self.record(action)) else { return Ok(None) };
        let fetched = self.bring(store, result.files().map(|(_, blob)| blob))?;
        if !fetched.missing.is_empty() {
            self.spoil(action);
            return Ok(None);
        }
        store.record(action, &result)?;
        add(&self.counts.fetched_results, 1);
        Ok(Some(result))
    }

    /// Counts results that were used without being taken.
    pub fn note_used(&self, results: usize) {
        add(&self.counts.fetched_results, results as u64);
    }
}

/// What `work` comes to on another thread.
async fn aside<'scope>(
    writers: &rayon::Scope<'scope>,
    work: impl FnOnce() -> Result<(), Trouble> + Send + 'scope,
) -> Result<(), Trouble> {
    let (tell, told) = oneshot::channel();
    // Nobody listens any more when the transfer was given up.
    writers.spawn(move |_| drop(tell.send(work())));
    told.await.map_err(Trouble::here)?
}

/// A blob that has come and is not believed yet.
enum Arrival {
    /// It lies open in a folder.
    File(File),
    /// It is in memory.
    Pieces(Vec<Bytes>),
    /// It has been written aside already.
    Written(Box<Landing>),
}

impl Arrival {
    /// Takes it in, if it is what it should be.
    fn land(self, store: &Store, blob: Blob) -> Result<(), Trouble> {
        let landing = match self {
            Self::Written(landing) => *landing,
            Self::Pieces(pieces) => {
                let mut landing = Landing::new(blob, store)?;
                pieces.iter().try_for_each(|piece| landing.take(piece))?;
                landing
            }
            Self::File(mut file) => {
                let mut landing = Landing::new(blob, store)?;
                let mut piece = vec![0; (blob.size as usize).clamp(1, PIECE)];
                while let count @ 1.. = file.read(&mut piece).map_err(Trouble::here)? {
                    landing.take(&piece[..count])?;
                }
                landing
            }
        };
        store.take_in(landing.end()?, blob.digest).map_err(Trouble::here)
    }
}

/// No more is taken than there should be.
fn is_no_more(bytes: u64, blob: Blob) -> Result<(), Trouble> {
    if bytes <= blob.size { Ok(()) } else { Err(Trouble::Damaged(format!("it has more than {} bytes", blob.size))) }
}

/// A blob while it arrives; dropped, nothing is left of it.
struct Landing {
    blob: Blob,
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Landing {
    fn new(blob: Blob, store: &Store) -> Result<Self, Trouble> {
        let file = store.aside().map_err(Trouble::here)?;
        Ok(Self { blob, file, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        self.bytes += piece.len() as u64;
        is_no_more(self.bytes, self.blob)?;
        self.hasher.update(piece);
        self.file.write_all(piece).map_err(Trouble::here)
    }

    fn end(self) -> Result<NamedTempFile, Trouble> {
        let found = self.hasher.finalize();
        if found.as_bytes() == self.blob.digest.as_bytes() {
            return Ok(self.file);
        }
        let Blob { digest, size } = self.blob;
        let found = &found.to_hex()[..12];
        Err(Trouble::Damaged(format!("it has {} of {size} bytes with the digest {found}, not {}", self.bytes, digest.short())))
    }
}
