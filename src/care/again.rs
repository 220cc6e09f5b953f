//! A step once more, from the record of its action alone, in a folder of its own: whether what was made then is what is made now.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use crate::artifact::Files;
use crate::plan::{KINDS, Leaves};
use crate::stage::job::JobFolder;
use crate::stage::{Kind, Run, Task};
use crate::store::{ActionResult, Artifact, Digest, Store};

/// Runs the step that `action` is the key of, with the inputs that the cache holds; gives what it makes at each port. The cache stays
/// as it is.
///
/// # Errors
/// When the cache does not hold the record or an input, when this `bgh` has another version of the kind, when the kind does not run
/// inside of `bgh`, or when the step fails.
pub fn again(store: &Store, action: Digest) -> Result<BTreeMap<String, Artifact>> {
    let record = store.read(action).map_err(|miss| anyhow::anyhow!("{} has no such step: {miss}", store.root().display()))?;
    let leaves = Leaves::of(&record.manifest)?;
    let kind = kind(&leaves)?;
    let Run::Here(run) = kind.run else { bail!("a step `{}` does not run inside of bgh", kind.name) };
    let inputs = record.inputs.iter().map(|(port, artifact)| Ok((port.clone(), input(store, &record, port, artifact)?)));
    let inputs = inputs.collect::<Result<BTreeMap<_, _>>>()?;
    let folder = tempfile::tempdir().context("no folder for files that are soon gone")?;
    let job = JobFolder::new(folder.path());
    run(&Task { params: &leaves.params, seed: leaves.seed, inputs: &inputs, job: &job })?;
    kind.outputs.iter().map(|port| Ok(((*port).to_owned(), made(&job, port)?))).collect()
}

fn kind(leaves: &Leaves) -> Result<&'static Kind> {
    let kind = KINDS.iter().find(|kind| kind.name == leaves.kind).with_context(|| format!("no kind `{}`", leaves.kind))?;
    ensure!(
        kind.version == leaves.version,
        "it was made by version {} of `{}`, and this bgh has version {}",
        leaves.version,
        kind.name,
        kind.version
    );
    Ok(kind)
}

/// The files at `port`, all of them whole and those that the key names.
fn input(store: &Store, record: &ActionResult, port: &str, artifact: &Artifact) -> Result<Files> {
    let named =
        record.manifest.get(&format!("inputs.{port}")).is_some_and(|hex| hex.trim_matches('"') == artifact.digest().hex());
    ensure!(named, "the record is damaged: its input `{port}` is not that of its key");
    let gone = artifact.0.iter().find(|(_, blob)| !store.is_whole(blob));
    ensure!(gone.is_none(), "the cache no longer holds input `{port}` whole: {}", gone.map_or("", |(name, _)| name));
    Ok(store.files(artifact))
}

fn made(job: &JobFolder, port: &str) -> Result<Artifact> {
    let files = Files::of_folder(&job.port(port)?)?;
    let blob = |(name, path): (&str, &std::path::Path)| Ok((name.to_owned(), crate::store::Blob::of_file(path)?));
    files.iter().map(blob).collect::<Result<_>>().map(Artifact)
}
