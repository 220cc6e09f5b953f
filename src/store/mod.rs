//! The artifact cache on disk.
//!
//! ```text
//! cas-v1/ab/cdef…    blobs, read-only, under the digest of their bytes
//! actions-v1/ab/…    what each action made, written after its blobs
//! jobs-v1/<action>/  running and interrupted jobs; a lock file beside each
//! logs-v1/<action>   what the last execution of an action printed
//! latest-v2/…        the last action of each step, a file an experiment, for explanations
//! tmp/               files on their way; may be emptied when nothing runs
//! learned-v1         seconds and memory that steps took, a line an attempt (a hint)
//! index-v2           digests of files by their stamp (a hint)
//! memo-v1            what records say, by the stamp of the record (a hint)
//! lock               shared by all who use the cache, taken alone by a collection of garbage
//! ```
//!
//! Order of writes: bytes and names of blobs are made safe from a power cut, then the action's record is written aside, made safe and
//! renamed into place. So a record never names bytes that were not safe before it, and a kill at any moment leaves at most files
//! without a record. A blob's name alone promises nothing: on every lookup its bytes are what was read or written, by stamp,
//! or they are read. Formats live in versioned folders: a new format gets a new folder and old data are never misread.

mod access;
mod action;
mod artifact;
mod claim;
mod committer;
mod content;
mod digest;
mod durable;
mod index;
mod latest;
mod lease;
mod leftover;
mod memo;
mod stamp;
mod table;
mod uses;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use tempfile::NamedTempFile;

pub use action::{ActionResult, Known, Miss, Provenance, is_below};
pub use artifact::{Artifact, Blob, FileChange};
pub use claim::Claim;
pub use committer::{Commit, Committer};
pub use digest::Digest;
pub use index::Index;
use latest::Latest;
use lease::Lease;
use memo::Memo;
pub use stamp::Stamp;
pub use uses::LastUse;

use crate::artifact::Files;

/// A cache that many processes may share.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    index: Index,
    memo: Memo,
    latest: Mutex<HashMap<String, Latest>>,
    read_only: bool,
    lease: Lease,
    /// Caches that are looked into for what this one has not; nothing is written to them.
    below: Vec<Store>,
}

/// The folders of a cache.
const FOLDERS: [&str; 5] = ["cas-v1", "actions-v1", "jobs-v1", "logs-v1", "tmp"];

impl Store {
    /// Opens the cache in `root`, making it when it is not there. Nothing is written to a cache that is whole, and one that cannot be
    /// written to is read as it is.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub fn open(root: &Path) -> Result<Self> {
        if access::is_read_only(root) {
            return Self::open_to_read(root);
        }
        access::share(root);
        for path in FOLDERS.iter().map(|folder| root.join(folder)).filter(|path| !path.is_dir()) {
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        Self::opened(root, false)
    }

    /// Opens a cache that nothing is to be written to.
    ///
    /// # Errors
    /// When there is none.
    pub fn open_to_read(root: &Path) -> Result<Self> {
        Self::opened(root, true)
    }

    fn opened(root: &Path, read_only: bool) -> Result<Self> {
        let root = root.canonicalize().with_context(|| format!("cannot open {}", root.display()))?;
        let lease = Lease::shared(&root, read_only);
        let lease = lease
            .with_context(|| format!("cannot share {}; its owner has to let you write to it", root.join("lock").display()))?;
        let (index, memo) = (Index::open(root.join("index-v2")), Memo::open(root.join("memo-v1")));
        Ok(Self { root, index, memo, latest: Mutex::default(), read_only, lease, below: vec![] })
    }

    /// Looks into these caches for what this one has not.
    #[must_use]
    pub fn over(mut self, below: Vec<Self>) -> Self {
        self.below = below;
        self
    }

    /// The caches below this one.
    pub fn below(&self) -> impl Iterator<Item = &Path> {
        self.below.iter().map(Self::root)
    }

    /// Whether nothing can be written to it.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Names in the cache of formats that only a newer version can read.
    pub fn newer_formats(&self) -> Vec<String> {
        access::newer_formats(&self.root)
    }

    /// Keeps everybody else from using the cache as long as this store lives, if nobody does; otherwise says no.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub fn alone(&self) -> io::Result<bool> {
        self.lease.alone()
    }

    /// The same, waiting until nobody else uses it.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub fn wait_alone(&self) -> io::Result<()> {
        self.lease.wait_alone()
    }

    /// Believes no hint from before: every file that is looked at is read again.
    #[must_use]
    pub fn paranoid(mut self) -> Self {
        self.index.distrust();
        self.memo.distrust();
        self.below = self.below.into_iter().map(Self::paranoid).collect();
        self
    }

    /// Writes what was learned in this run, if anything was. The cache is as valid without.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self) -> io::Result<()> {
        if self.read_only {
            return Ok(());
        }
        self.index.save(&self.tmp())?;
        self.memo.save(&self.tmp())?;
        self.lock_latest().values_mut().try_for_each(|latest| latest.tidy(&self.tmp()))
    }

    /// For somebody who only looks, however long: what is looked at may be collected as garbage meanwhile, and is then told as gone.
    #[must_use]
    pub fn to_look_at(mut self) -> Self {
        self.lease = Lease::none();
        self
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
        let own = self.own_blob(digest);
        if self.below.is_empty() || own.exists() {
            return own;
        }
        self.below.iter().map(|layer| layer.blob(digest)).find(|path| path.exists()).unwrap_or(own)
    }

    fn own_blob(&self, digest: Digest) -> PathBuf {
        self.sharded("cas-v1", digest)
    }

    /// The job directory of an action.
    pub fn job(&self, action: Digest) -> PathBuf {
        self.root.join("jobs-v1").join(action.hex())
    }

    /// The log of an action's last execution.
    pub fn log(&self, action: Digest) -> PathBuf {
        self.root.join("logs-v1").join(format!("{action}.log"))
    }

    /// The file of what steps took, for the order of later runs.
    pub fn learned(&self) -> PathBuf {
        self.root.join("learned-v1")
    }

    /// Where the record of an action lies, or would lie.
    pub fn action(&self, action: Digest) -> PathBuf {
        self.sharded("actions-v1", action)
    }

    /// Where the record of an action lies, in this cache or in one below it.
    pub fn record_path(&self, action: Digest) -> PathBuf {
        let own = self.action(action);
        if self.below.is_empty() || own.exists() {
            return own;
        }
        self.below.iter().map(|layer| layer.record_path(action)).find(|path| path.exists()).unwrap_or(own)
    }

    /// What the action made, if all of it is still there. Files that have changed since they were written are read again; damaged
    /// blobs are removed, so that the next execution can put them right.
    ///
    /// # Errors
    /// Why there is no usable result.
    pub fn lookup(&self, action: Digest) -> Result<Known, Miss> {
        let own = self.look_into(self, action);
        self.below.iter().fold(own, |found, layer| found.or_else(|miss| self.look_into(layer, action).map_err(|_| miss)))
    }

    fn look_into(&self, layer: &Self, action: Digest) -> Result<Known, Miss> {
        let known = layer.known(action)?;
        let mut files = known.outputs.values().flat_map(|artifact| &artifact.0);
        files.try_for_each(|(name, blob)| self.check(layer, name, blob))?;
        Ok(known)
    }

    /// What the record says, read only when its file is not the known one.
    fn known(&self, action: Digest) -> Result<Known, Miss> {
        let stamp = match fs::metadata(self.action(action)) {
            Ok(meta) => Stamp::of(&meta),
            Err(error) => return Err(unread(&error)),
        };
        if let Some(known) = self.memo.get(action, &stamp) {
            return Ok(known);
        }
        let ActionResult { outputs, provenance, .. } = self.read(action)?;
        let known = Known { outputs, provenance };
        self.memo.learn(action, stamp, &known);
        Ok(known)
    }

    /// The whole record of an action, its manifest included; blobs are not looked at.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn read(&self, action: Digest) -> Result<ActionResult, Miss> {
        let own = self.read_own(action);
        self.below.iter().fold(own, |found, layer| found.or_else(|miss| layer.read(action).map_err(|_| miss)))
    }

    fn read_own(&self, action: Digest) -> Result<ActionResult, Miss> {
        let bytes = fs::read(self.action(action)).map_err(|error| unread(&error))?;
        ActionResult::of_record(action, &bytes).map_err(Miss::RecordDamaged)
    }

    /// Whether a blob has the bytes that its name says.
    pub fn is_whole(&self, blob: &Blob) -> bool {
        self.index.digest(&self.blob(blob.digest)).is_ok_and(|digest| digest == blob.digest)
    }

    /// What is learned of the files of another cache is remembered in this one.
    fn check(&self, layer: &Self, name: &str, blob: &Blob) -> Result<(), Miss> {
        let path = layer.own_blob(blob.digest);
        match layer.index.recall(&path).map_or_else(|| self.index.digest(&path), Ok) {
            Ok(digest) if digest == blob.digest => Ok(()),
            Ok(_) => {
                if std::ptr::eq(self, layer) && !self.read_only {
                    let _ = fs::remove_file(&path);
                }
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
    /// When one cannot be read, or does not hold still for it.
    pub fn digest_files(&self, files: &Files) -> Result<Artifact> {
        self.look(files).map(|sight| sight.artifact)
    }

    /// The same with the stamps that the files had.
    ///
    /// # Errors
    /// When one cannot be read, or does not hold still for it.
    pub fn look(&self, files: &Files) -> Result<Sight> {
        let looked = each(files, |path| self.index.look(path).with_context(|| format!("cannot read {}", path.display())))?;
        let stamps = looked.iter().map(|(_, (stamp, _))| *stamp).collect();
        let blob = |(name, (stamp, digest)): (String, (Stamp, Digest))| (name, Blob { digest, size: stamp.size() });
        Ok(Sight { artifact: Artifact(looked.into_iter().map(blob).collect()), stamps })
    }

    /// Takes every file below `folder` into the store by renaming it to its digest; `folder` must lie in the cache. The blobs can be
    /// read at once; safe they are when a record that names them is published.
    ///
    /// # Errors
    /// When the disk refuses; what was taken until then is valid and nameless.
    pub fn take(&self, folder: &Path) -> Result<Artifact> {
        self.take_files(&Files::of_folder(folder)?)
    }

    /// The same with these files, which must lie in the cache.
    ///
    /// # Errors
    /// When the disk refuses; what was taken until then is valid and nameless.
    pub fn take_files(&self, files: &Files) -> Result<Artifact> {
        let taken = each(files, |path| self.take_file(path))?;
        Ok(Artifact(taken.into_iter().collect()))
    }

    /// A blob that is there already stays: another record may stand on it, and it is safe where the new one is not yet.
    fn take_file(&self, path: &Path) -> Result<Blob> {
        let place = || format!("cannot take {} into the cache", path.display());
        // A link would make a blob of somebody else's file.
        let meta = fs::symlink_metadata(path).with_context(place)?;
        ensure!(meta.is_file(), "{} is no regular file", path.display());
        // Under another name the file is somebody's own, who may write to it.
        let own = (meta.nlink() > 1).then(|| self.copied(path)).transpose()?;
        let path = own.as_deref().unwrap_or(path);
        let digest = Digest::of_file(path).with_context(place)?;
        let size = meta.len();
        let blob = self.own_blob(digest);
        if !self.index.digest(&blob).is_ok_and(|known| known == digest) {
            fs::set_permissions(path, fs::Permissions::from_mode(0o444)).with_context(place)?;
            self.rename(path, &blob).with_context(place)?;
            // Here and not when it is published: a reader may have spoilt it by then.
            self.index.learn(&blob, digest).with_context(place)?;
        }
        Ok(Blob { digest, size })
    }

    /// Takes in a file that was written [aside](Self::aside) and whose digest was computed while it was written. It is as safe as one that
    /// was [taken](Self::take).
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn take_in(&self, file: NamedTempFile, digest: Digest) -> Result<()> {
        let blob = self.own_blob(digest);
        if self.index.digest(&blob).is_ok_and(|known| known == digest) {
            return Ok(());
        }
        let place = || format!("cannot take a file into the cache as {}", blob.display());
        file.as_file().set_permissions(fs::Permissions::from_mode(0o444)).with_context(place)?;
        self.rename(&file.into_temp_path(), &blob)?;
        self.index.learn(&blob, digest).with_context(place)
    }

    /// A copy that nobody else has a name for, on its way into the store; dropped, it is removed.
    fn copied(&self, path: &Path) -> Result<tempfile::TempPath> {
        let place = || format!("cannot copy {} into the cache", path.display());
        let mut copy = self.aside()?;
        io::copy(&mut fs::File::open(path).with_context(place)?, copy.as_file_mut()).with_context(place)?;
        Ok(copy.into_temp_path())
    }

    /// Publishes what one action made; its blobs must be in the store. Many results are published together by a [`Committer`].
    ///
    /// # Errors
    /// When the disk refuses; then the action has no record.
    pub fn record(&self, action: Digest, result: &ActionResult) -> Result<()> {
        self.publish(&[(action, result)]).pop().unwrap_or(Ok(()))
    }

    /// Remembers which action a step was last.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_latest(&self, experiment: &str, step: &str, action: Digest) -> Result<()> {
        self.set_latest_of(experiment, [(step, action)])
    }

    /// Remembers which action each of many steps was last, in one write.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_latest_of<'a>(&self, experiment: &str, steps: impl IntoIterator<Item = (&'a str, Digest)>) -> Result<()> {
        if self.read_only {
            return Ok(());
        }
        let path = self.latest_path(experiment);
        let set = self.with_latest(experiment, |latest| latest.set(steps));
        set.with_context(|| format!("cannot write {}", path.display()))
    }

    /// The action that a step was last; `None` where it never ran.
    pub fn latest_action(&self, experiment: &str, step: &str) -> Option<Digest> {
        self.with_latest(experiment, |latest| latest.get(step)).or_else(|| self.latest_v1(experiment, step))
    }

    /// The manifest of the action that a step was last, readable; `None` where it never ran.
    pub fn latest(&self, experiment: &str, step: &str) -> Option<BTreeMap<String, String>> {
        self.read(self.latest_action(experiment, step)?).ok().map(|result| result.manifest)
    }

    /// Where it was kept in a file a step.
    fn latest_v1(&self, experiment: &str, step: &str) -> Option<Digest> {
        let path = self.root.join("latest-v1").join(experiment).join(Digest::of(step.as_bytes()).short());
        fs::read_to_string(path).ok()?.parse().ok()
    }

    fn with_latest<T>(&self, experiment: &str, of: impl FnOnce(&mut Latest) -> T) -> T {
        let mut all = self.lock_latest();
        of(all.entry(experiment.to_owned()).or_insert_with(|| Latest::open(self.latest_path(experiment))))
    }

    fn lock_latest(&self) -> std::sync::MutexGuard<'_, HashMap<String, Latest>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latest_path(&self, experiment: &str) -> PathBuf {
        self.root.join("latest-v2").join(experiment)
    }

    /// Every action's digest with its record.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn actions(&self) -> Result<Vec<(Digest, ActionResult)>> {
        let found = Files::of_folder(&self.root.join("actions-v1"))?;
        let read = |(name, path): (&str, &Path)| {
            let action = name.replace('/', "").parse().ok()?;
            Some((action, ActionResult::of_record(action, &fs::read(path).ok()?).ok()?))
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

    fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// A file on its way into the cache; dropped, it is removed.
    pub(crate) fn aside(&self) -> Result<NamedTempFile> {
        aside(&self.tmp()).with_context(|| format!("cannot write to {}", self.tmp().display()))
    }
}

/// What source files were when they were looked at.
#[derive(Debug, Clone)]
pub struct Sight {
    /// Names and digests.
    pub artifact: Artifact,
    stamps: Vec<Stamp>,
}

impl Sight {
    /// Whether the files are what they were, and nobody wrote to them in between.
    pub fn is_unchanged_since(&self, earlier: &Self) -> bool {
        let unwritten = |(now, then): (&Stamp, &Stamp)| now.is_unwritten_since(then);
        self.artifact == earlier.artifact && self.stamps.iter().zip(&earlier.stamps).all(unwritten)
    }
}

/// A file on its way, with the permissions of any other file of this user.
fn aside(tmp: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(tmp)
}

fn unread(error: &io::Error) -> Miss {
    match error.kind() {
        io::ErrorKind::NotFound => Miss::NeverRun,
        _ => Miss::RecordDamaged(error.to_string()),
    }
}

/// What `of` makes of each file, by its name; several at once where there are several.
fn each<T: Send>(files: &Files, of: impl Fn(&Path) -> Result<T> + Sync) -> Result<Vec<(String, T)>> {
    const FEW: usize = 4;
    let files: Vec<_> = files.iter().collect();
    let one = |(name, path): &(&str, &Path)| Ok(((*name).to_owned(), of(path)?));
    if files.len() < FEW { files.iter().map(one).collect() } else { files.par_iter().map(one).collect() }
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
        let result = ActionResult { outputs, provenance, manifest: BTreeMap::new(), inputs: BTreeMap::new() };
        let action = result.key();
        store.record(action, &result)?;
        Ok((action, result))
    }

    #[test]
    fn a_recorded_action_is_found_with_its_bytes() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, result) = stored(&store)?;
        let known = Known { outputs: result.outputs.clone(), provenance: result.provenance.clone() };
        assert_eq!(store.lookup(action), Ok(known));
        assert_eq!(store.read(action), Ok(result.clone()));
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
        assert_eq!(store.lookup(action).map(|known| known.outputs), Ok(result.outputs));
        Ok(())
    }

    #[test]
    fn a_record_of_which_a_byte_has_changed_never_says_anything_else() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, result) = stored(&store)?;
        let record = result.to_record()?;
        assert_eq!(ActionResult::of_record(action, &record).as_ref(), Ok(&result));
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            let read = ActionResult::of_record(action, &changed);
            assert!(read.is_err() || read.as_ref() == Ok(&result), "byte {at}");
        }
        Ok(())
    }

    #[test]
    fn a_record_that_names_a_file_elsewhere_is_none() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (action, mut result) = stored(&Store::open(folder.path())?)?;
        let blob = result.outputs["port"].0["a.txt"];
        for name in ["../a.txt", "/etc/passwd", "a/../../b", ""] {
            result.outputs.insert("port".into(), Artifact([(name.to_owned(), blob)].into()));
            let read = ActionResult::of_record(action, &result.to_record()?);
            assert!(read.is_err_and(|why| why.contains("outside of its artifact")), "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_truncated_record_is_a_miss() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let (action, _) = stored(&store)?;
        fs::write(store.action(action), "{\"outputs\":")?;
        assert!(matches!(store.lookup(action), Err(Miss::RecordDamaged(_))));
        Ok(())
    }
}
