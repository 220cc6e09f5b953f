//! What this user may do with a cache, and how what they make there is shared.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, Mode, access};
use rustix::process::umask;

/// Formats that this version knows, by the stem of their folder or file.
const FORMATS: [(&str, u32); 8] =
    [("cas", 1), ("actions", 1), ("jobs", 1), ("logs", 1), ("runs", 1), ("latest", 2), ("index", 2), ("memo", 1)];

/// Whether a cache is there and cannot be written to: a read-only mount, or somebody else's.
pub(super) fn is_read_only(root: &Path) -> bool {
    root.is_dir() && access(root, Access::WRITE_OK).is_err()
}

/// In a folder that the group may write to, the group may write to all that this process makes from here on, workers' files
/// included: the mask of the process is the one place that decides over all of them.
pub(super) fn share(root: &Path) {
    let is_shared = fs::metadata(root).is_ok_and(|meta| meta.permissions().mode() & 0o020 != 0);
    if is_shared {
        let own = umask(Mode::WOTH);
        umask(own.difference(Mode::RWXG));
    }
}

/// Names in the cache of formats that only a newer version can read.
pub(super) fn newer_formats(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().filter_map(Result::ok);
    let mut newer: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_newer(name)).collect();
    newer.sort();
    newer
}

fn is_newer(name: &str) -> bool {
    let Some((stem, version)) = name.rsplit_once("-v") else { return false };
    let known = FORMATS.iter().find(|(known, _)| *known == stem);
    known.is_some_and(|(_, known)| version.parse::<u32>().is_ok_and(|version| version > *known))
}
