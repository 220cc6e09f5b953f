//! `bgh cache verify`: whether a cache is whole.

use clap::Args;

use super::super::past::CacheArguments;
use super::super::{Exit, Failure, progress};
use super::amount::size;
use crate::care::{Inventory, Verdict};

/// Arguments of `bgh cache verify`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    cache: CacheArguments,

    /// Only tell; remove nothing
    #[arg(long)]
    dry_run: bool,

    /// One JSON object: `blobs`, `bytes`, `records`, `damaged` (path, why, steps), `damaged_records` (path, why), `missing` (step,
    /// file, digest), `removed`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = arguments.cache.store()?;
    let inventory = Inventory::of(&store)?;
    let bar = progress::bar(inventory.blobs.values().map(|(bytes, _)| bytes).sum());
    bar.set_message("bytes read");
    let mut verdict = Verdict::of(&store, &inventory, &|bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    if !arguments.dry_run && !store.is_read_only() && !verdict.is_clean() {
        verdict.remove_damage(&store)?;
    }
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&verdict).map_err(anyhow::Error::from)?);
    } else {
        print(&verdict);
    }
    if verdict.is_clean() { Ok(()) } else { Err(Failure::new(Exit::Cache, advice(&verdict))) }
}

fn print(verdict: &Verdict) {
    for blob in &verdict.damaged {
        outln!("damaged: {}: {}", blob.path.display(), blob.why);
        blob.steps.iter().for_each(|step| outln!("  of {step}"));
    }
    verdict.damaged_records.iter().for_each(|record| outln!("damaged record: {}: {}", record.path.display(), record.why));
    verdict.missing.iter().for_each(|blob| outln!("missing: {} of {} ({})", blob.file, blob.step, blob.digest.short()));
    let (blobs, records) = (verdict.damaged.len(), verdict.damaged_records.len());
    outln!(
        "{} blobs ({}), {blobs} damaged · {} records, {records} damaged · {} blobs missing",
        verdict.blobs,
        size(verdict.bytes),
        verdict.records,
        verdict.missing.len()
    );
}

fn advice(verdict: &Verdict) -> String {
    let fact = if verdict.removed { "what was damaged has been removed" } else { "nothing has been removed" };
    format!("error: the cache is damaged; {fact}\n  hint: `bgh run` makes what is missing anew")
}
