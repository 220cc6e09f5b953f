//! From the local cache to the remote: the blobs of a result, then its record. Bytes are held against their digest before they leave,
//! so that a damaged disk does not spoil what others share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions, PutPayload, WriteMultipart};

use super::exchange::{Remote, Way, add};
use super::layout::Kind;
use super::trouble::Trouble;
use crate::store::{Blob, Digest, Store};

/// A blob up to this size is sent sooner than it is asked for.
const SMALL: u64 = 64 << 10;
/// A blob beyond this size is sent in parts.
const LARGE: u64 = 16 << 20;
/// Bytes of a part.
const PART: usize = 8 << 20;
/// Parts of one blob on their way at once.
const PARTS: usize = 4;

/// What came of sending results.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Results whose record was sent.
    pub new: usize,
    /// Results that were there whole.
    pub known: usize,
}

/// What is known of what the remote has.
pub(super) enum There {
    /// Nothing is known.
    Unasked,
    /// All that it has, with sizes.
    Listed(BTreeMap<Digest, u64>, BTreeSet<Digest>),
}

impl Remote {
    /// Sends results, with whatever of them the remote has not.
    ///
    /// # Errors
    /// The first trouble; what was sent until then is whole.
    pub fn push(&self, store: &Store, actions: &[Digest]) -> Result<Sent, Trouble> {
        self.block_on(async {
            let listed = self.list(Kind::Blob).await?.into_iter().map(|(digest, meta)| (digest, meta.size)).collect();
            let records = self.list(Kind::Record).await?.into_iter().map(|(action, _)| action).collect();
            let (there, done) = (There::Listed(listed, records), Mutex::new(Sent::default()));
            let one = |action: &Digest| {
                let (there, done, action) = (&there, &done, *action);
                async move {
                    let is_new = self.send(store, action, there, false).await?;
                    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *(if is_new { &mut done.new } else { &mut done.known }) += 1;
                    Ok::<(), Trouble>(())
                }
            };
            stream::iter(actions.iter().map(one)).buffer_unordered(self.site.parallel).try_collect::<Vec<()>>().await?;
            Ok(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        })
    }

    /// Sends one result. Whether its record was sent; `mend` replaces all of it, for a remote whose result cannot be used.
    pub(super) async fn send(&self, store: &Store, action: Digest, there: &There, mend: bool) -> Result<bool, Trouble> {
        let Ok(result) = store.read(action) else { return Ok(false) };
        let record = std::fs::read(store.record_path(action)).map_err(Trouble::here)?;
        let sent: BTreeMap<Digest, Blob> = result.files().map(|(_, blob)| (blob.digest, blob)).collect();
        let one = |blob: Blob| async move { self.send_blob(store, blob, there, mend).await };
        stream::iter(sent.into_values().map(one)).buffer_unordered(self.site.parallel).try_collect::<Vec<()>>().await?;
        if matches!(there, There::Listed(_, records) if records.contains(&action)) {
            return Ok(false);
        }
        let is_new = self.send_record(&self.layout.name(Kind::Record, action), record.into(), mend).await?;
        add(&self.counts.sent_results, u64::from(is_new));
        Ok(is_new)
    }

    async fn send_blob(&self, store: &Store, blob: Blob, there: &There, mend: bool) -> Result<(), Trouble> {
        let name = self.layout.name(Kind::Blob, blob.digest);
        let is_there = match there {
            There::Listed(blobs, _) => blobs.get(&blob.digest) == Some(&blob.size),
            There::Unasked => !mend && blob.size > SMALL && self.size(&name).await? == Some(blob.size),
        };
        if is_there {
            return Ok(());
        }
        let path = store.blob(blob.digest);
        self.pace.pass(usize::try_from(blob.size).unwrap_or(usize::MAX).min(PART)).await;
        if blob.size > LARGE {
            self.request(Way::Send, || self.send_parts(&name, &path, blob)).await?;
        } else {
            let bytes = Bytes::from(std::fs::read(&path).map_err(Trouble::here)?);
            if Digest::of(&bytes) != blob.digest {
                return Err(damaged_here(blob));
            }
            let put = || self.timed(blob.size, self.client.put(&name, PutPayload::from_bytes(bytes.clone())));
            self.request(Way::Send, put).await?;
        }
        add(&self.counts.sent_blobs, 1);
        add(&self.counts.sent_bytes, blob.size);
        Ok(())
    }

    /// The object appears when its last part is there; what fails before is taken back.
    async fn send_parts(&self, name: &Path, path: &std::path::Path, blob: Blob) -> Result<(), Trouble> {
        let mut file = File::open(path).map_err(Trouble::here)?;
        let upload = self.timed(0, self.client.put_multipart(name)).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let ended = self.parts(&mut file, &mut upload, blob).await;
        match ended {
            Ok(()) => self.timed(blob.size, upload.finish()).await.map(drop),
            Err(trouble) => {
                let _ = upload.abort().await;
                Err(trouble)
            }
        }
    }

    async fn parts(&self, file: &mut File, upload: &mut WriteMultipart, blob: Blob) -> Result<(), Trouble> {
        let mut hasher = blake3::Hasher::new();
        loop {
            let mut part = Vec::with_capacity(PART);
            file.by_ref().take(PART as u64).read_to_end(&mut part).map_err(Trouble::here)?;
            if part.is_empty() {
                break;
            }
            hasher.update(&part);
            self.pace.pass(part.len()).await;
            self.timed(PART as u64, upload.wait_for_capacity(PARTS)).await?;
            upload.put(part.into());
        }
        if hasher.finalize().as_bytes() == blob.digest.as_bytes() { Ok(()) } else { Err(damaged_here(blob)) }
    }

    /// Whether it was sent; one that is there stays. Where the service knows no conditions, the last of two writers wins, and both have
    /// sent all that their record names.
    async fn send_record(&self, name: &Path, record: Bytes, mend: bool) -> Result<bool, Trouble> {
        let mode = if mend { PutMode::Overwrite } else { PutMode::Create };
        let put = |mode: PutMode| {
            let options = PutOptions::from(mode);
            let sent = self.client.put_opts(name, PutPayload::from_bytes(record.clone()), options);
            async move {
                match sent.await {
                    Ok(_) => Ok(Some(true)),
                    Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Some(false)),
                    Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        };
        if let Some(is_new) = self.request(Way::Send, || self.timed(0, put(mode.clone()))).await? {
            return Ok(is_new);
        }
        if self.size(name).await?.is_some() {
            return Ok(false);
        }
        Ok(self.request(Way::Send, || self.timed(0, put(PutMode::Overwrite))).await?.unwrap_or(false))
    }

    /// Bytes of an object; `None` where there is none.
    async fn size(&self, name: &Path) -> Result<Option<u64>, Trouble> {
        match self.request(Way::Send, || self.timed(0, self.client.head(name))).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

fn damaged_here(blob: Blob) -> Trouble {
    Trouble::Here(format!("blob {} is damaged in the local cache; `bgh cache verify` removes it", blob.digest.short()))
}
