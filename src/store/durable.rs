//! Publishing results so that a power cut takes none of them back and leaves none that is not whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::{ActionResult, Digest, Known, Stamp, Store};

/// From this many files on, one sync of the whole file system takes less time than one of each file.
const MANY: usize = 16;

impl Store {
    /// Publishes what actions made; their blobs must be in the store. Bytes and names of all blobs are made safe first, then records
    /// are written aside and made safe, then renamed into place: a record never names bytes that were not safe before it. Trouble
    /// with one result does not keep the others from being published.
    pub fn publish(&self, batch: &[(Digest, &ActionResult)]) -> Vec<Result<()>> {
        if self.publish_all(batch).is_ok() {
            return batch.iter().map(|_| Ok(())).collect();
        }
        batch.iter().map(|one| self.publish_all(std::slice::from_ref(one))).collect()
    }

    fn publish_all(&self, batch: &[(Digest, &ActionResult)]) -> Result<()> {
        let artifacts = batch.iter().flat_map(|(_, result)| result.outputs.values());
        let digests: BTreeSet<Digest> = artifacts.flat_map(|artifact| artifact.0.values()).map(|blob| blob.digest).collect();
        let blobs: Vec<PathBuf> = digests.iter().map(|digest| self.own_blob(*digest)).collect();
        digests.iter().zip(&blobs).try_for_each(|(digest, blob)| self.ensure_whole(*digest, blob))?;
        self.sync(&with_folders(&blobs))?;
        let written: Result<Vec<NamedTempFile>> = batch.par_iter().map(|(_, result)| self.write_record(result)).collect();
        let written = written?;
        self.sync(&written.iter().map(|file| file.path().to_owned()).collect())?;
        let records: Vec<PathBuf> = batch.iter().map(|(action, _)| self.action(*action)).collect();
        written.into_iter().zip(&records).try_for_each(|(file, record)| self.rename(&file.into_temp_path(), record))?;
        self.sync(&with_folders(&records).into_iter().filter(|path| !records.contains(path)).collect())?;
        batch.iter().zip(&records).for_each(|((action, result), record)| self.learn(*action, result, record));
        Ok(())
    }

    /// What was taken in may have been removed or spoilt since by whoever read it.
    fn ensure_whole(&self, digest: Digest, blob: &Path) -> Result<()> {
        let found = self.index.digest(blob).with_context(|| unsafe_at(blob))?;
        ensure!(found == digest, "{} was changed by another program", blob.display());
        Ok(())
    }

    fn write_record(&self, result: &ActionResult) -> Result<NamedTempFile> {
        let place = || format!("cannot write a record to {}", self.tmp().display());
        let bytes = result.to_record().context("an action's result does not serialise")?;
        let mut file = self.aside()?;
        file.write_all(&bytes).with_context(place)?;
        Ok(file)
    }

    /// A record that cannot be looked at will be read.
    fn learn(&self, action: Digest, result: &ActionResult, record: &Path) {
        if let Ok(meta) = fs::metadata(record) {
            let known = Known { outputs: result.outputs.clone(), provenance: result.provenance.clone() };
            self.memo.learn(action, Stamp::of(&meta), &known);
        }
    }

    /// Renames within the cache, making the folder when it is missing. A folder has no business where a blob or a record goes.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let place = || format!("cannot rename {} to {}", from.display(), to.display());
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = to.parent().unwrap_or(&self.root);
                fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
                fs::rename(from, to).with_context(place)
            }
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                fs::remove_dir_all(to).with_context(|| format!("cannot remove {}", to.display()))?;
                fs::rename(from, to).with_context(place)
            }
            renamed => renamed.with_context(place),
        }
    }

    /// Makes files and folders safe from a power cut.
    fn sync(&self, paths: &BTreeSet<PathBuf>) -> Result<()> {
        if paths.len() < MANY {
            return paths.iter().try_for_each(|path| sync_one(path).with_context(|| unsafe_at(path)));
        }
        let synced = File::open(&self.root).and_then(|root| Ok(rustix::fs::syncfs(root)?));
        synced.with_context(|| unsafe_at(&self.root))
    }
}

/// Files, the folders they are in, and the folders of those: a shard that is new has a name to be made safe as well.
fn with_folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    files.iter().flat_map(|file| file.ancestors().take(3)).map(Path::to_owned).collect()
}

fn sync_one(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn unsafe_at(path: &Path) -> String {
    format!("cannot make {} safe from a power cut", path.display())
}
