//! Writing a bundle.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};

use super::Contents;
use super::contents::{FORMAT, JOURNAL, Member, below};
use crate::history::{Ending, Run};
use crate::store::{Blob, Digest, Store};

/// A bundle that can be written.
#[derive(Debug)]
pub struct Export<'a> {
    store: &'a Store,
    journal: Option<PathBuf>,
    sources: BTreeMap<Digest, PathBuf>,
    contents: Contents,
}

impl<'a> Export<'a> {
    /// Of a past run: the results that it had or made, its spec and its journal.
    ///
    /// # Errors
    /// When it lives, or a result that it ended with is not in the cache any more.
    pub fn of_run(store: &'a Store, run: &Run) -> Result<Self> {
        let header = run.header();
        let ending = run.ending()?;
        if ending == Ending::Running {
            bail!("run {} is at work; export it when it has ended", run.id());
        }
        let mut steps = run.actions()?;
        if ending.word() != "done" {
            steps.retain(|_, action| store.lookup(*action).is_ok());
        }
        let mut export = Self::of_results(store, &header.experiment, header.resolved.clone(), steps)?;
        export.contents.run = Some(run.id().to_owned());
        for name in JOURNAL {
            let bytes = fs::metadata(run.folder().join(name)).with_context(|| format!("the journal has no {name}"))?.len();
            export.contents.journal.insert(name.to_owned(), bytes);
        }
        export.journal = Some(run.folder().to_owned());
        Ok(export)
    }

    /// Of the results of steps.
    ///
    /// # Errors
    /// Every step whose result is not in the cache.
    pub fn of_results(store: &'a Store, experiment: &str, spec: String, steps: BTreeMap<String, Digest>) -> Result<Self> {
        let (mut records, mut blobs, mut missing) = (BTreeMap::new(), BTreeMap::new(), vec![]);
        for (step, action) in &steps {
            match store.lookup(*action) {
                Ok(known) => {
                    blobs.extend(
                        known.outputs.values().flat_map(|artifact| artifact.0.values()).map(|blob| (blob.digest, blob.size)),
                    );
                    records.insert(*action, record(store, *action)?.len() as u64);
                }
                Err(miss) => missing.push(format!("{step}: {miss}")),
            }
        }
        if !missing.is_empty() {
            bail!("{} of {} results are not in the cache:\n  {}", missing.len(), steps.len(), missing.join("\n  "));
        }
        let contents = Contents {
            format: FORMAT,
            bgh: env!("CARGO_PKG_VERSION").to_owned(),
            experiment: experiment.to_owned(),
            spec,
            run: None,
            steps,
            records,
            journal: BTreeMap::new(),
            blobs,
            sources: BTreeMap::new(),
        };
        Ok(Self { store, journal: None, sources: BTreeMap::new(), contents })
    }

    /// With another text of the spec.
    #[must_use]
    pub fn with_spec(mut self, change: impl FnOnce(String) -> String) -> Self {
        self.contents.spec = change(std::mem::take(&mut self.contents.spec));
        self
    }

    /// Adds source files, which must lie below `folder`, that of the spec.
    ///
    /// # Errors
    /// When one does not, or cannot be read.
    pub fn with_sources(mut self, folder: &Path, paths: impl IntoIterator<Item = PathBuf>) -> Result<Self> {
        for path in paths {
            let place = || format!("cannot read {}", path.display());
            let digest = self.store.index().digest(&path).with_context(place)?;
            let blob = Blob { digest, size: fs::metadata(&path).with_context(place)?.len() };
            self.contents.sources.insert(below(folder, &path)?, blob);
            if self.contents.blobs.insert(digest, blob.size).is_none() {
                self.sources.insert(digest, path);
            }
        }
        Ok(self)
    }

    /// What it holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Writes the bundle aside and renames it to `path` when it is whole. Returns its length in bytes.
    ///
    /// # Errors
    /// When the disk refuses, or a file is not as long as it was a moment ago; then nothing is at `path` that was not there before.
    pub fn write(&self, path: &Path) -> Result<u64> {
        let place = || format!("cannot write {}", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".bundle-").tempfile_in(folder).with_context(place)?;
        let packed = GzBuilder::new().write(BufWriter::new(file), Compression::fast());
        let mut archive = tar::Builder::new(packed);
        self.fill(&mut archive).with_context(place)?;
        let file = archive.into_inner().and_then(flate2::write::GzEncoder::finish).with_context(place)?;
        let file = file.into_inner().map_err(|error| error.into_error()).with_context(place)?;
        let bytes = file.as_file().metadata().with_context(place)?.len();
        readable(file.as_file()).and_then(|()| file.as_file().sync_all()).with_context(place)?;
        file.persist(path).with_context(place)?;
        Ok(bytes)
    }

    fn fill(&self, archive: &mut tar::Builder<impl Write>) -> Result<()> {
        let list = serde_json::to_vec_pretty(&self.contents).context("a list does not serialise")?;
        archive.append_data(&mut header(list.len() as u64), "bundle.json", list.as_slice())?;
        for (member, bytes) in self.contents.members() {
            let name = member.name();
            let path = self.place(&member);
            let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let length = file.metadata()?.len();
            anyhow::ensure!(length == bytes, "{} has {length} bytes where it had {bytes}", path.display());
            archive.append_data(&mut header(bytes), name, std::io::Read::take(file, bytes))?;
        }
        Ok(())
    }

    fn place(&self, member: &Member) -> PathBuf {
        match member {
            Member::Record(action) => self.store.record_path(*action),
            Member::Journal(name) => self.journal.as_deref().unwrap_or(Path::new("")).join(name),
            Member::Blob(digest) => self.sources.get(digest).cloned().unwrap_or_else(|| self.store.blob(*digest)),
        }
    }
}

fn record(store: &Store, action: Digest) -> Result<Vec<u8>> {
    let path = store.record_path(action);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Nothing but the length differs between files.
fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// A file on its way is its owner's; this one is to be given away.
fn readable(file: &File) -> std::io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
}
