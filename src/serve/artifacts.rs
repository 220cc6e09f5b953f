//! What a step made, read from its record. Nothing is shown that is not what its digest says, and nothing is removed here: a damaged
//! blob stays for those who look after the cache.

use anyhow::{Context, Result, bail, ensure};

use super::answer::Missing;
use super::picture::Step;
use crate::artifact::Files;
use crate::store::{ActionResult, Artifact, Miss, Store};

/// The record of a step that has one.
pub(super) fn record(store: &Store, step: &Step) -> Result<Option<ActionResult>> {
    let Some(action) = step.action else { return Ok(None) };
    match store.read(action) {
        Ok(record) => Ok(Some(record)),
        Err(Miss::NeverRun) => Ok(None),
        Err(miss) => bail!("{}: {miss}; `bgh run` makes it again", step.entry.step),
    }
}

/// The artifact of a step at `port`.
pub(super) fn artifact(store: &Store, step: &Step, port: &str) -> Result<Artifact> {
    let missing = || Missing(format!("{} has nothing at `{port}` yet", step.entry.step));
    let found = record(store, step)?.and_then(|mut record| record.outputs.remove(port));
    Ok(found.ok_or_else(missing)?)
}

/// The artifact of a step at `port` for a reader, every blob checked.
pub(super) fn files(store: &Store, step: &Step, port: &str) -> Result<Files> {
    checked(store, &artifact(store, step, port)?)
}

/// Files of an artifact, every blob checked.
pub(super) fn checked(store: &Store, artifact: &Artifact) -> Result<Files> {
    for (name, blob) in &artifact.0 {
        let path = store.blob(blob.digest);
        let found = store.index().digest(&path).with_context(|| format!("`{name}` is gone from the cache"))?;
        ensure!(found == blob.digest, "`{name}` is damaged in the cache; `bgh run` makes it again");
    }
    Ok(store.files(artifact))
}
