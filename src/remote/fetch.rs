//! From the remote into the local cache. Bytes are held against their digest while they arrive, aside from the cache; what is whole is
//! taken in as if it had been made here, and a record is published after all that it names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path as FilePath;

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use object_store::{GetResultPayload, ObjectStoreExt};

use super::exchange::{Remote, Way, add};
use super::layout::Kind;
use super::trouble::Trouble;
use crate::store::{ActionResult, Blob, Digest, Store};

/// Blobs that are taken into the cache together.
const BATCH: usize = 256;
/// Bytes that are read of a file at a time.
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
        let wanted = wanted.into_iter().map(|(digest, size)| Blob { digest, size });
        let absent: Vec<Blob> = wanted.filter(|blob| !store.is_whole(blob)).collect();
        let mut fetched = Fetched::default();
        absent.chunks(BATCH).try_for_each(|batch| self.bring_batch(store, batch, &mut fetched))?;
        Ok(fetched)
    }

    fn bring_batch(&self, store: &Store, batch: &[Blob], fetched: &mut Fetched) -> Result<()> {
        let tmp = store.root().join("tmp");
        let folder = tempfile::Builder::new().prefix("remote-").tempdir_in(&tmp);
        let folder = folder.with_context(|| format!("cannot write to {}", tmp.display()))?;
        let arrived: Vec<(Blob, Result<(), Trouble>)> = self.block_on(async {
            let path = folder.path();
            let one = |blob: Blob| async move { (blob, self.fetch_blob(blob, path).await) };
            stream::iter(batch.iter().copied().map(one)).buffer_unordered(self.site.parallel).collect().await
        });
        for (blob, outcome) in arrived {
            match outcome {
                Ok(()) => (fetched.blobs, fetched.bytes) = (fetched.blobs + 1, fetched.bytes + blob.size),
                Err(Trouble::Here(why)) => anyhow::bail!("cannot fetch blob {}: {why}", blob.digest.short()),
                Err(trouble) => drop(fetched.missing.insert(blob.digest, trouble)),
            }
        }
        store.take(folder.path())?;
        Ok(())
    }

    async fn fetch_blob(&self, blob: Blob, folder: &FilePath) -> Result<(), Trouble> {
        let name = self.layout.name(Kind::Blob, blob.digest);
        let path = folder.join(blob.digest.hex());
        let outcome = self.request(Way::Fetch, || async {
            let mut landing = Landing::new(blob, &path)?;
            let got = self.timed(0, self.client.get(&name)).await?;
            match got.payload {
                GetResultPayload::File(mut file, _) => {
                    let mut piece = vec![0; PIECE];
                    while let count @ 1.. = file.read(&mut piece).map_err(Trouble::here)? {
                        landing.take(&piece[..count])?;
                        self.pace.pass(count).await;
                    }
                }
                GetResultPayload::Stream(mut stream) => {
                    while let Some(piece) = self.timed(0, async { stream.next().await.transpose() }).await? {
                        landing.take(&piece)?;
                        self.pace.pass(piece.len()).await;
                    }
                }
            }
            landing.end()
        });
        match outcome.await {
            Ok(()) => {
                add(&self.counts.fetched_blobs, 1);
                add(&self.counts.fetched_bytes, blob.size);
                Ok(())
            }
            Err(trouble) => {
                if let Trouble::Damaged(why) = &trouble {
                    tracing::warn!(blob = %blob.digest, why, remote = %self.location, "a blob at the remote is damaged");
                }
                let _ = std::fs::remove_file(&path);
                Err(trouble)
            }
        }
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

/// A blob while it arrives.
struct Landing {
    blob: Blob,
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Landing {
    fn new(blob: Blob, path: &FilePath) -> Result<Self, Trouble> {
        let file = File::create(path).map_err(Trouble::here)?;
        Ok(Self { blob, file, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// No more is written than there should be.
    fn take(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.blob.size {
            return Err(Trouble::Damaged(format!("it has more than {} bytes", self.blob.size)));
        }
        self.hasher.update(piece);
        self.file.write_all(piece).map_err(Trouble::here)
    }

    fn end(self) -> Result<(), Trouble> {
        let found = self.hasher.finalize();
        if found.as_bytes() == self.blob.digest.as_bytes() {
            return Ok(());
        }
        let Blob { digest, size } = self.blob;
        let found = &found.to_hex()[..12];
        Err(Trouble::Damaged(format!("it has {} of {size} bytes with the digest {found}, not {}", self.bytes, digest.short())))
    }
}
