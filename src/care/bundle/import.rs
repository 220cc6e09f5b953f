//! Taking a bundle in: all of it is unpacked aside and checked first, so a bundle that is refused leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use rayon::prelude::*;
use tempfile::TempDir;

use super::Contents;
use super::contents::{LONGEST, Member};
use crate::history::Runs;
use crate::store::{ActionResult, Digest, Store};

/// A bundle that has been unpacked aside and found whole.
#[derive(Debug)]
pub struct Import {
    contents: Contents,
    folder: TempDir,
    results: BTreeMap<Digest, ActionResult>,
}

/// What came into a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Results that were not there.
    pub new: usize,
    /// Results that were there and stayed as they were.
    pub known: usize,
}

impl Import {
    /// Unpacks the bundle at `path` into a folder of the cache and checks all that it holds.
    ///
    /// # Errors
    /// When it is no bundle, is of a newer format, has other files or lengths than it declares, does not fit on the disk, or any content
    /// is not what its name says.
    pub fn open(store: &Store, path: &Path) -> Result<Self> {
        let place = || format!("{} is no bundle that can be taken in", path.display());
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let folder = tempfile::Builder::new().prefix("import-").tempdir_in(store.root().join("tmp"))?;
        let contents = unpack(BufReader::new(file), folder.path()).with_context(place)?;
        let results = check(&contents, folder.path(), store).with_context(place)?;
        Ok(Self { contents, folder, results })
    }

    /// What it holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Writes the spec and the source files into a folder; files that are there already must have the same bytes. Returns the spec.
    ///
    /// # Errors
    /// Every file that is there with other bytes, before anything is written; or when the disk refuses.
    pub fn lay_out(&self, folder: &Path) -> Result<PathBuf> {
        let spec = folder.join(format!("{}.toml", self.contents.experiment));
        let sources = self.contents.sources.iter().map(|(name, blob)| (folder.join(name), self.blob(blob.digest)));
        let sources: Vec<(PathBuf, PathBuf)> = sources.collect();
        let differs = |(to, from): &&(PathBuf, PathBuf)| to.exists() && Digest::of_file(to).ok() != Digest::of_file(from).ok();
        let mut others: Vec<String> = sources.iter().filter(differs).map(|(to, _)| to.display().to_string()).collect();
        if spec.exists() && fs::read_to_string(&spec).ok().as_ref() != Some(&self.contents.spec) {
            others.push(spec.display().to_string());
        }
        ensure!(others.is_empty(), "there are other files already, which stay:\n  {}", others.join("\n  "));
        for (to, from) in sources.iter().filter(|(to, _)| !to.exists()) {
            write(to, |to| fs::copy(from, to).map(drop))?;
        }
        write(&spec, |spec| fs::write(spec, &self.contents.spec))?;
        Ok(spec)
    }

    /// Takes everything into the cache that is not there: blobs first, then records, then the journal. Results that are there stay.
    ///
    /// # Errors
    /// When the disk refuses; what was taken until then is whole.
    pub fn take_in(self, store: &Store) -> Result<Taken> {
        let mut taken = Taken { new: 0, known: 0 };
        let new: BTreeMap<&Digest, &ActionResult> =
            self.results.iter().filter(|(action, _)| store.lookup(**action).is_err()).collect();
        let blobs: BTreeSet<Digest> = new.values().flat_map(|result| digests(result)).collect();
        for entry in fs::read_dir(self.folder.path().join("blobs"))?.filter_map(Result::ok) {
            let is_wanted =
                entry.file_name().to_str().and_then(|name| name.parse().ok()).is_some_and(|digest| blobs.contains(&digest));
            if !is_wanted {
                fs::remove_file(entry.path())?;
            }
        }
        store.take(&self.folder.path().join("blobs"))?;
        for (action, result) in &new {
            store.record(**action, result)?;
        }
        taken.new = new.len();
        taken.known = self.results.len() - taken.new;
        self.remember(store)?;
        Ok(taken)
    }

    /// The journal, and which action each step was where that is not known better.
    fn remember(&self, store: &Store) -> Result<()> {
        let experiment = &self.contents.experiment;
        let unknown = |(step, action): (&'_ String, &Digest)| {
            store.latest_action(experiment, step).is_none().then(|| (step.clone(), *action))
        };
        let unknown: Vec<(String, Digest)> = self.contents.steps.iter().filter_map(unknown).collect();
        store.set_latest_of(experiment, unknown.iter().map(|(step, action)| (step.as_str(), *action)))?;
        let Some(id) = &self.contents.run else { return Ok(()) };
        let runs = Runs::of(store);
        let to = runs.folder().join(id);
        if to.exists() {
            return Ok(());
        }
        fs::create_dir_all(runs.folder())?;
        let from = self.folder.path().join("journal");
        File::create(from.join("lock"))?;
        fs::rename(&from, &to).with_context(|| format!("cannot write {}", to.display()))
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        self.folder.path().join("blobs").join(digest.hex())
    }
}

/// Writes every file of the archive below `folder` under a name that is made here.
fn unpack(packed: impl Read, folder: &Path) -> Result<Contents> {
    for name in ["records", "journal", "blobs"] {
        fs::create_dir(folder.join(name))?;
    }
    let mut archive = tar::Archive::new(GzDecoder::new(packed));
    // Extensions would be read into memory at whatever length they claim; no name here needs them.
    let mut entries = archive.entries()?.raw(true);
    let first = entries.next().context("it is empty")??;
    let contents = list(first)?;
    fits(&contents, folder)?;
    let mut open: BTreeMap<Member, u64> = contents.members().collect();
    for entry in entries {
        let entry = entry.context("it is cut short or damaged")?;
        let member = member(&entry)?;
        let declared = open.remove(&member).with_context(|| format!("{} is in it twice or not in its list", member.name()))?;
        let length = entry.size();
        ensure!(length == declared, "{} has {length} bytes where its list says {declared}", member.name());
        copy(entry, &folder.join(member.name()), declared)
            .with_context(|| format!("{} is cut short or damaged", member.name()))?;
        if open.is_empty() {
            break;
        }
    }
    match open.len() {
        0 => Ok(contents),
        count => bail!("it is cut short: {count} of its files are missing"),
    }
}

fn list(entry: tar::Entry<'_, impl Read>) -> Result<Contents> {
    ensure!(entry.path()?.as_os_str() == "bundle.json", "it does not begin with its list");
    ensure!(entry.size() <= LONGEST, "its list is longer than {LONGEST} bytes");
    let mut text = vec![];
    entry.take(LONGEST).read_to_end(&mut text)?;
    Contents::parse(&text)
}

/// What it declares must fit on the disk, and no more than that is ever written.
fn fits(contents: &Contents, folder: &Path) -> Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let bytes = contents.bytes().context("it declares more bytes than there can be")?;
    ensure!(bytes <= free, "it unpacks to {bytes} bytes and {free} are free");
    Ok(())
}

fn member(entry: &tar::Entry<'_, impl Read>) -> Result<Member> {
    let path = entry.path()?;
    ensure!(entry.header().entry_type() == tar::EntryType::Regular, "{} is no plain file", path.display());
    Member::parse(path.to_str().with_context(|| format!("{} has no place in a bundle", path.display()))?)
}

fn copy(entry: impl Read, to: &Path, bytes: u64) -> Result<()> {
    let copied = io::copy(&mut entry.take(bytes), &mut File::create_new(to)?)?;
    ensure!(copied == bytes, "{copied} of {bytes} bytes are there");
    Ok(())
}

/// Every blob against its name, every record against its key and the blobs that it names.
fn check(contents: &Contents, folder: &Path, store: &Store) -> Result<BTreeMap<Digest, ActionResult>> {
    let digests: Vec<&Digest> = contents.blobs.keys().collect();
    digests.par_iter().try_for_each(|digest| {
        let found = Digest::of_file(&folder.join(Member::Blob(**digest).name()))?;
        ensure!(found == **digest, "blob {} holds the bytes of {}", digest.short(), found.short());
        Ok(())
    })?;
    let result = |action: &Digest| Ok((*action, record(*action, contents, folder, store)?));
    let results: BTreeMap<Digest, ActionResult> = contents.records.keys().map(result).collect::<Result<_>>()?;
    for (step, action) in &contents.steps {
        ensure!(results.contains_key(action), "the result of step `{step}` is not in it");
    }
    Ok(results)
}

fn record(action: Digest, contents: &Contents, folder: &Path, store: &Store) -> Result<ActionResult> {
    let place = || format!("record {} cannot be understood", action.short());
    let bytes = fs::read(folder.join(Member::Record(action).name())).with_context(place)?;
    let result = ActionResult::of_record(action, &bytes).map_err(anyhow::Error::msg).with_context(place)?;
    let absent = digests(&result).find(|digest| !contents.blobs.contains_key(digest) && !store.blob(*digest).exists());
    ensure!(absent.is_none(), "record {} names a blob that is not in it", action.short());
    Ok(result)
}

fn digests(result: &ActionResult) -> impl Iterator<Item = Digest> {
    result.outputs.values().flat_map(|artifact| artifact.0.values()).map(|blob| blob.digest)
}

fn write(path: &Path, how: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(place)?;
    }
    how(path).with_context(place)
}
