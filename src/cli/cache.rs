//! `bgh cache`: how large it is, whether it is whole, and what nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use rayon::prelude::*;

use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::store::{Digest, Store};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bytes and actions by kind of stage
    Du(Place),
    /// Read every blob again; damaged ones are removed, so that the next run makes them anew
    Verify(Place),
    /// Remove blobs that no action needs and that are older than an hour
    Gc(Gc),
}

#[derive(Debug, Args)]
pub(super) struct Place {
    #[command(flatten)]
    site: SiteArguments,
}

#[derive(Debug, Args)]
pub(super) struct Gc {
    #[command(flatten)]
    place: Place,

    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Du(place) => du(&open(place)?),
        Command::Verify(place) => verify(&open(place)?),
        Command::Gc(arguments) => gc(&open(&arguments.place)?, arguments.dry_run),
    }
}

fn open(place: &Place) -> Result<Store, Failure> {
    Store::open(&place.site.cache(&place.site.read()?)).map_err(|error| Failure::environment(&error))
}

fn du(store: &Store) -> Result<(), Failure> {
    let mut kinds: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for (_, result) in store.actions()? {
        let kind = result.manifest.get("kind").map_or("?", |kind| kind.trim_matches('"')).to_owned();
        let entry = kinds.entry(kind).or_default();
        entry.0 += 1;
        entry.1 += result.outputs.values().map(|artifact| artifact.size()).sum::<u64>();
    }
    for (kind, (actions, bytes)) in &kinds {
        println!("{kind:10} {actions:6} actions {:>10}", size(*bytes));
    }
    let blobs = store.blobs()?;
    let bytes = blobs.iter().filter_map(|(_, path)| path.metadata().ok()).map(|meta| meta.len()).sum();
    println!("{:10} {:6} blobs   {:>10} on disk", "all", blobs.len(), size(bytes));
    Ok(())
}

fn verify(store: &Store) -> Result<(), Failure> {
    let blobs = store.blobs()?;
    let damaged: Vec<&PathBuf> = blobs
        .par_iter()
        .filter(|(digest, path)| Digest::of_file(path).map_or(true, |found| found != *digest))
        .map(|(_, path)| path)
        .collect();
    for path in &damaged {
        println!("damaged: {}", path.display());
        std::fs::remove_file(path).map_err(anyhow::Error::from)?;
    }
    println!("{} blobs, {} damaged", blobs.len(), damaged.len());
    if damaged.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Cache, "error: damaged blobs were removed\n  hint: `bgh run` makes what is missing anew"))
}

fn gc(store: &Store, dry_run: bool) -> Result<(), Failure> {
    let actions = store.actions()?;
    let outputs = actions.iter().flat_map(|(_, result)| result.outputs.values());
    let needed: BTreeSet<Digest> = outputs.flat_map(|artifact| artifact.0.values()).map(|blob| blob.digest).collect();
    let mut freed = (0usize, 0u64);
    let unneeded = store.blobs()?.into_iter().filter(|(digest, path)| !needed.contains(digest) && is_old(path));
    for (digest, path) in unneeded {
        tracing::debug!(%digest, "no action needs this blob");
        freed = (freed.0 + 1, freed.1 + path.metadata().map_or(0, |meta| meta.len()));
        if !dry_run {
            std::fs::remove_file(&path).map_err(anyhow::Error::from)?;
        }
    }
    println!("{} blobs, {} {}", freed.0, size(freed.1), if dry_run { "could be removed" } else { "removed" });
    Ok(())
}

/// A blob is in the store a moment before the action that names it: a run in progress must not lose it.
fn is_old(path: &Path) -> bool {
    const GRACE: Duration = Duration::from_secs(3600);
    let modified = path.metadata().and_then(|meta| meta.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > GRACE))
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let power = (bytes.max(1).ilog2() / 10).min(3);
    format!("{:.1} {}", bytes as f64 / f64::from(1u32 << (10 * power)), UNITS[power as usize])
}
