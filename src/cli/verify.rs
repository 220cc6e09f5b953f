//! `bgh verify report`: whether a report is what was made, and its numbers follow from its scores.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::past::CacheArguments;
use super::{Exit, Failure};
use crate::care;
use crate::report::verify::{Check, Made, verify};
use crate::store::Store;

/// What can be verified.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The files have the recorded digest, the numbers are those of the results, the areas follow from the scores; and where the cache
    /// holds what the report was made from, it is rendered once more and is the same
    Report(Arguments),
}

/// Arguments of `bgh verify report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of a report
    folder: PathBuf,

    #[command(flatten)]
    cache: CacheArguments,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Report(arguments) = command;
    let mut checks = verify(&arguments.folder).map_err(|error| Failure::new(Exit::Spec, format!("error: {error:#}")))?;
    match rendered(arguments)? {
        Ok(check) => checks.push(check),
        Err(why) => errln!("note: not rendered once more: {why}"),
    }
    checks.iter().for_each(print);
    let faults: usize = checks.iter().filter_map(|check| check.found.as_ref().err()).map(Vec::len).sum();
    match faults {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Unexpected, "error: the report does not verify: 1 fault")),
        several => Err(Failure::new(Exit::Unexpected, format!("error: the report does not verify: {several} faults"))),
    }
}

/// Whether the report becomes the same from what the cache holds; or why that cannot be asked.
fn rendered(arguments: &Arguments) -> Result<Result<Check, String>, Failure> {
    let cache = arguments.cache.folder()?;
    if !cache.is_dir() {
        return Ok(Err(format!("there is no cache at {}", cache.display())));
    }
    Ok(again(&arguments.folder, &cache).map_err(|error| format!("{error:#}")))
}

fn again(folder: &Path, cache: &Path) -> anyhow::Result<Check> {
    let made = Made::read(folder)?;
    let outputs = care::again(&Store::open(cache)?, made.action)?;
    let digest = outputs["report"].digest();
    let found = if digest == made.report {
        Ok(format!("once more from the cache it has the same digest {}", digest.short()))
    } else {
        Err(vec![format!("once more from the cache it has the digest {}, the run made {}", digest.hex(), made.report.hex())])
    };
    Ok(Check { what: "rendered", found })
}

fn print(check: &Check) {
    match &check.found {
        Ok(confirmed) => outln!("{:8} ok: {confirmed}", check.what),
        Err(faults) => faults.iter().for_each(|fault| outln!("{:8} FAULT: {fault}", check.what)),
    }
}
