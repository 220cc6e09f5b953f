//! Lays outputs out where the author asked for them. What lies there is a copy: it may be edited or deleted, is put right by the
//! next run, and is never read as an input.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::copy::copy;
use crate::store::{Artifact, Store};

/// Makes `folder` hold the files of `artifact`; other files in it are left alone. Each file is written aside and then swapped in.
///
/// # Errors
/// When the disk refuses.
pub fn lay_out(store: &Store, artifact: &Artifact, folder: &Path) -> Result<()> {
    for (name, blob) in &artifact.0 {
        let target = folder.join(name);
        if store.index().digest(&target).is_ok_and(|digest| digest == blob.digest) {
            continue;
        }
        let place = || format!("cannot write {}", target.display());
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(place)?;
        let aside = tempfile::Builder::new().prefix(".bgh-").tempfile_in(parent).with_context(place)?;
        let bytes = fs::File::open(store.blob(blob.digest)).with_context(place)?;
        copy(&bytes, aside.as_file()).with_context(place)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        aside.as_file().set_permissions(mode).with_context(place)?;
        aside.persist(&target).with_context(place)?;
    }
    Ok(())
}
