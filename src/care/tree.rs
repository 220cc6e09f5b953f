//! Sizes and times of what lies below a path. What vanishes meanwhile counts as nothing: others work in the cache as well.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Direct entries of a folder, sorted; none where there is no folder.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found
}

/// Bytes of a file, or of all files below a folder.
pub(super) fn bytes(path: &Path) -> u64 {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => entries(path).iter().map(|entry| bytes(entry)).sum(),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    }
}

/// The last time at which anything at or below a path was written; `None` where there is nothing.
pub(super) fn last_written(path: &Path) -> Option<SystemTime> {
    let meta = path.symlink_metadata().ok()?;
    let below = if meta.is_dir() { entries(path).iter().filter_map(|entry| last_written(entry)).max() } else { None };
    below.max(meta.modified().ok())
}

/// The later of the times at which a file was written and got its name, which is what it is young by.
pub(super) fn last_touched(meta: &fs::Metadata) -> SystemTime {
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(meta.ctime()).unwrap_or(0));
    meta.modified().map_or(changed, |modified| modified.max(changed))
}
