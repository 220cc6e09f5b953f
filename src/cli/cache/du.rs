//! `bgh cache du`: how large a cache is.

use clap::Args;

use super::super::Failure;
use super::super::past::CacheArguments;
use super::amount::size;
use crate::care::{Share, Usage};

/// Arguments of `bgh cache du`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    cache: CacheArguments,

    /// A line for every run that is still known
    #[arg(long)]
    runs: bool,

    /// One JSON object: `kinds`, `experiments` and `runs` by name; `blobs`, `nameless`, `jobs`, `logs`, `journals`, `tmp`, each with
    /// `count` and `bytes`; `bytes` of the whole
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let usage = Usage::of(&arguments.cache.store()?)?;
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&usage).map_err(anyhow::Error::from)?);
        return Ok(());
    }
    usage.kinds.iter().for_each(|(kind, share)| line(kind, share, "actions"));
    if !usage.experiments.is_empty() {
        outln!("\nused by experiment (what several use is counted for each)");
        usage.experiments.iter().for_each(|(name, share)| line(name, share, "actions"));
    }
    if arguments.runs && !usage.runs.is_empty() {
        outln!("\nused by run");
        usage.runs.iter().for_each(|(run, share)| line(run, share, "actions"));
    }
    outln!("\non disk");
    line("blobs", &usage.blobs, "blobs");
    line("nameless", &usage.nameless, "blobs of no record");
    line("jobs", &usage.jobs, "running or left behind");
    line("logs", &usage.logs, "logs");
    line("journals", &usage.journals, "runs");
    line("tmp", &usage.tmp, "files on their way");
    outln!("{:10} {:6} {:10} in all", "", "", size(usage.bytes));
    Ok(())
}

fn line(name: &str, share: &Share, what: &str) {
    outln!("{name:10} {:6} {what} {:>10}", share.count, size(share.bytes));
}
