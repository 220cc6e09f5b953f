//! Lays a finished report out where people look for it. The folder is made complete aside and then swapped in, so that nobody
//! ever sees half a report; a folder that already holds these bytes is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::artifact::Files;
use crate::store::{Artifact, Store};

/// Name of the record of where and when, written beside the report's own files.
pub const PROVENANCE: &str = "provenance.json";

/// Name of the metadata by which repositories read the report.
pub const CRATE: &str = "ro-crate-metadata.json";
/// Name of the whole spec, what it extends and what the command line set included.
pub const SPEC: &str = "spec.toml";

/// Makes `folder` hold the files of `report` and, `beside` them, texts by their names. Returns whether anything had to be written.
///
/// # Errors
/// When the disk refuses; then the folder is what it was before.
pub fn publish(store: &Store, report: &Artifact, beside: &BTreeMap<&str, String>, folder: &Path) -> Result<bool> {
    if is_current(store, report, beside, folder) {
        return Ok(false);
    }
    let place = || format!("cannot write the report to {}", folder.display());
    let parent = folder.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(place)?;
    let aside = tempfile::Builder::new().prefix(".report-").tempdir_in(parent).with_context(place)?;
    let complete = aside.path().join("new");
    store.files(report).iter().try_for_each(|(name, blob)| copy(blob, &complete.join(name))).with_context(place)?;
    beside.iter().try_for_each(|(name, text)| fs::write(complete.join(name), text)).with_context(place)?;
    if folder.exists() {
        fs::rename(folder, aside.path().join("old")).with_context(place)?;
    }
    fs::rename(&complete, folder).with_context(place)?;
    Ok(true)
}

fn is_current(store: &Store, report: &Artifact, beside: &BTreeMap<&str, String>, folder: &Path) -> bool {
    let Ok(found) = Files::of_folder(folder) else { return false };
    let same = |(name, path): (&str, &Path)| match report.0.get(name) {
        Some(blob) => store.index().digest(path).is_ok_and(|digest| digest == blob.digest),
        None => beside.get(name).is_some_and(|text| fs::read_to_string(path).is_ok_and(|found| &found == text)),
    };
    found.iter().count() == report.0.len() + beside.len() && found.iter().all(same)
}

/// A copy and not a link: the user may edit what lies in the report, and the store must not notice.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    fs::write(to, fs::read(from)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_report_is_written_once_and_mended_when_edited() -> Result<()> {
        let (cache, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let store = Store::open(cache.path())?;
        let made = store.root().join("tmp/out");
        fs::create_dir_all(made.join("tables"))?;
        fs::write(made.join("tables/one.csv"), "1")?;
        let report = store.take(&made)?;
        let folder = out.path().join("reports/study");
        let beside = BTreeMap::from([(PROVENANCE, "{}".to_owned())]);
        assert!(publish(&store, &report, &beside, &folder)?);
        assert!(!publish(&store, &report, &beside, &folder)?);
        fs::write(folder.join("tables/one.csv"), "2")?;
        assert!(publish(&store, &report, &beside, &folder)?);
        assert_eq!(fs::read_to_string(folder.join("tables/one.csv"))?, "1");
        assert_eq!(fs::read_dir(out.path().join("reports"))?.count(), 1);
        Ok(())
    }
}
