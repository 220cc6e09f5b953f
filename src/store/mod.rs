//! The artifact cache on disk.
//!
//! ```text
//! cas-v1/ab/cdef…    blobs, read-only, under the digest of their bytes
//! actions-v1/ab/…    what each action made, written after its blobs
//! jobs-v1/<action>/  running and interrupted jobs; a lock file beside each
//! logs-v1/<action>   what the last execution of an action printed
//! latest-v1/…        the last action of each step of each experiment, for explanations
//! tmp/               files on their way; may be emptied when nothing runs
//! learned-v1         seconds and memory that steps took, a line an attempt (a hint)
//! index-v1           digests of files by their stamp (a hint)
//! ```
//!
//! Order of writes: bytes to the disk, rename to the digest, then the action's record. So a record never names bytes that
//! were not safe before it, and a kill at any moment leaves at most files without a name. Formats live in versioned
//! folders: a new format gets a new folder and old data are never misread.

mod action;
mod artifact;
mod digest;
mod index;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rayon::prelude::*;

pub use action::{ActionResult, Miss, Provenance};
pub use artifact::{Artifact, Blob};
pub use digest::Digest;
pub use index::Index;

use crate::artifact::Files;

/// A cache that many processes may share.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    index: Index,
}

impl Store {
    /// Opens the cache in `root`, making it when it is not there.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub fn open(root: &Path) -> Result<Self> {
        for folder in ["cas-v1", "actions-v1", "jobs-v1", "logs-v1", "latest-v1", "tmp"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        let root = root.canonicalize().with_context(|| format!("cannot open {}", root.display()))?;
        let index = Index::open(root.join("index-v1"));
        Ok(Self { root, index })
    }

    /// The folder of the cache.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Digests of files by their stamp.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Where the bytes of a blob lie, or would lie.
    pub fn blob(&self, digest: Digest) -> PathBuf {
        self.sharded("cas-v1", digest)
    }

    /// The job directory of an action.
    pub fn job(&self, action: Digest) -> PathBuf {
        self.root.join("jobs-v1").join(action.hex())
    }

    /// The lock file of an action's job.
    pub fn job_lock(&self, action: Digest) -> PathBuf {
        self.root.join("jobs-v1").join(format!("{action}.lock"))
    }

    /// The log of an action's last execution.
    pub fn log(&self, action: Digest) -> PathBuf {
        self.root.join("logs-v1").join(format!("{action}.log"))
    }

    /// The file of what steps took, for the order of later runs.
    pub fn learned(&self) -> PathBuf {
        self.root.join("learned-v1")
    }

    /// What the action made, if all of it is still there. Blobs that have changed since they were written are read again;
    /// damaged ones are removed, so that the next execution can put them right.
    pub fn lookup(&self, action: Digest) -> Result<ActionResult, Miss> {
        let path = self.sharded("actions-v1", action);
        let bytes = fs::read(&path).map_err(|_| Miss::NeverRun)?;
        let result: ActionResult = serde_json::from_slice(&bytes).map_err(|error| Miss::RecordDamaged(error.to_string()))?;
        let mut files = result.outputs.values().flat_map(|artifact| &artifact.0);
        files.try_for_each(|(name, blob)| self.check(name, blob))?;
        Ok(result)
    }

    fn check(&self, name: &str, blob: &Blob) -> Result<(), Miss> {
        let path = self.blob(blob.digest);
        match self.index.digest(&path) {
            Ok(digest) if digest == blob.digest => Ok(()),
            Ok(_) => {
                let _ = fs::remove_file(&path);
                Err(Miss::BlobDamaged(name.to_owned()))
            }
            Err(_) => Err(Miss::BlobMissing(name.to_owned())),
        }
    }

    /// The files of an artifact for a reader.
    pub fn files(&self, artifact: &Artifact) -> Files {
        artifact.0.iter().map(|(name, blob)| (name.clone(), self.blob(blob.digest))).collect()
    }

    /// Hashes the files of an artifact that lies outside the store (source data).
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn digest_files(&self, files: &Files) -> Result<Artifact> {
        let files: Vec<_> = files.iter().collect();
        let blobs = files.par_iter().map(|(name, path)| {
            let place = || format!("cannot read {}", path.display());
            let digest = self.index.digest(path).with_context(place)?;
            Ok(((*name).to_owned(), Blob { digest, size: fs::metadata(path).with_context(place)?.len() }))
        });
        blobs.collect::<Result<BTreeMap<_, _>>>().map(Artifact)
    }

    /// Takes every file below `folder` into the store by renaming it to its digest; `folder` must lie in the cache.
    ///
    /// # Errors
    /// When the disk refuses; what was taken until then is valid and nameless.
    pub fn take(&self, folder: &Path) -> Result<Artifact> {
        let files = Files::of_folder(folder)?;
        let files: Vec<_> = files.iter().collect();
        let blobs = files.par_iter().map(|(name, path)| Ok(((*name).to_owned(), self.take_file(path)?)));
        blobs.collect::<Result<BTreeMap<_, _>>>().map(Artifact)
    }

    fn take_file(&self, path: &Path) -> Result<Blob> {
        let place = || format!("cannot take {} into the cache", path.display());
        let digest = Digest::of_file(path).with_context(place)?;
        let file = File::open(path).with_context(place)?;
        let size = file.metadata().with_context(place)?.len();
        file.set_permissions(fs::Permissions::from_mode(0o444)).with_context(place)?;
        file.sync_all().with_context(place)?;
        let blob = self.blob(digest);
        self.rename_durably(path, &blob).with_context(place)?;
        self.index.learn(&blob, digest).with_context(place)?;
        Ok(Blob { digest, size })
    }

    /// Publishes what an action made; its blobs must be in the store.
    ///
    /// # Errors
    /// When the disk refuses; then the action has no record.
    pub fn record(&self, action: Digest, result: &ActionResult) -> Result<()> {
        let bytes = serde_json::to_vec(result).context("an action's result does not serialise")?;
        self.write(&self.sharded("actions-v1", action), &bytes)
    }

    /// Remembers which action a step was last.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_latest(&self, experiment: &str, step: &str, action: Digest) -> Result<()> {
        let path = self.latest_path(experiment, step);
        if fs::read_to_string(&path).is_ok_and(|known| known == action.hex()) {
            return Ok(());
        }
        self.write(&path, action.hex().as_bytes())
    }

    /// The manifest of the action that a step was last, readable; `None` where it never ran.
    pub fn latest(&self, experiment: &str, step: &str) -> Option<BTreeMap<String, String>> {
        let action = fs::read_to_string(self.latest_path(experiment, step)).ok()?.parse().ok()?;
        let bytes = fs::read(self.sharded("actions-v1", action)).ok()?;
        serde_json::from_slice::<ActionResult>(&bytes).ok().map(|result| result.manifest)
    }

    fn latest_path(&self, experiment: &str, step: &str) -> PathBuf {
        self.root.join("latest-v1").join(experiment).join(Digest::of(step.as_bytes()).short())
    }

    /// Every action's digest with its record.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn actions(&self) -> Result<Vec<(Digest, ActionResult)>> {
        let found = Files::of_folder(&self.root.join("actions-v1"))?;
        let read = |(name, path): (&str, &Path)| {
            let digest = name.replace('/', "").parse().ok()?;
            Some((digest, serde_json::from_slice(&fs::read(path).ok()?).ok()?))
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// Every blob's digest and path.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn blobs(&self) -> Result<Vec<(Digest, PathBuf)>> {
        let found = Files::of_folder(&self.root.join("cas-v1"))?;
        Ok(found.iter().filter_map(|(name, path)| Some((name.replace('/', "").parse().ok()?, path.to_owned()))).collect())
    }

    fn sharded(&self, kind: &str, digest: Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join(kind).join(&hex[..2]).join(&hex[2..])
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let place = || format!("cannot write {}", path.display());
        let mut file = tempfile::NamedTempFile::new_in(self.root.join("tmp")).with_context(place)?;
        file.write_all(bytes).with_context(place)?;
        file.as_file().sync_all().with_context(place)?;
        let (_, aside) = file.keep().with_context(place)?;
        self.rename_durably(&aside, path).with_context(place)
    }

    /// Renames within the cache and makes the new name survive a power cut.
    fn rename_durably(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        let folder = to.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        fs::rename(from, to)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(store: &Store) -> Result<(Digest, ActionResult)> {
        let folder = store.root().join("tmp/out");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("a.txt"), "content")?;
        let outputs = [("port".to_owned(), store.take(&folder)?)].into();
        let provenance = Provenance {
            bgh: "0".into(),
            host: "h".into(),
            started: 0,
            seconds: 0.0,
            device: "cpu".into(),
            peak_memory: 0,
            images_per_second: None,
        };
        let result = ActionResult { outputs, provenance, manifest: BTreeMap::new() };
        let action = Digest::of(b"action");
        store.record(action, &result)?;
        Ok((action, result))
    }

    #[test]
    fn a_recorded_action_is_found_with_its_bytes() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, result) = stored(&store)?;
        assert_eq!(store.lookup(action), Ok(result.clone()));
        let files = store.files(&result.outputs["port"]);
        assert_eq!(fs::read_to_string(files.path("a.txt")?)?, "content");
        assert_eq!(store.lookup(Digest::of(b"other")), Err(Miss::NeverRun));
        Ok(())
    }

    #[test]
    fn a_blob_that_is_gone_or_damaged_is_a_miss_with_its_name() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, result) = stored(&store)?;
        let blob = store.blob(result.outputs["port"].0["a.txt"].digest);
        fs::set_permissions(&blob, fs::Permissions::from_mode(0o644))?;
        fs::write(&blob, "CONTENT")?;
        assert_eq!(store.lookup(action), Err(Miss::BlobDamaged("a.txt".into())));
        assert_eq!(store.lookup(action), Err(Miss::BlobMissing("a.txt".into())));
        stored(&store)?;
        assert_eq!(store.lookup(action), Ok(result));
        Ok(())
    }

    #[test]
    fn a_truncated_record_is_a_miss() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, _) = stored(&store)?;
        fs::write(store.sharded("actions-v1", action), "{\"outputs\":")?;
        assert!(matches!(store.lookup(action), Err(Miss::RecordDamaged(_))));
        Ok(())
    }
}
