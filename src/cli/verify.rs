//! `bgh verify report`: whether a report is what was made, and its numbers follow from its scores.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, Failure};
use crate::report::verify::{Check, verify};

/// What can be verified.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The files have the recorded digest, the numbers are those of the results, the areas follow from the scores; needs the folder alone
    Report(Arguments),
}

/// Arguments of `bgh verify report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of a report
    folder: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Report(arguments) = command;
    let checks = verify(&arguments.folder).map_err(|error| Failure::new(Exit::Spec, format!("error: {error:#}")))?;
    checks.iter().for_each(print);
    let faults: usize = checks.iter().filter_map(|check| check.found.as_ref().err()).map(Vec::len).sum();
    match faults {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Unexpected, "error: the report does not verify: 1 fault")),
        several => Err(Failure::new(Exit::Unexpected, format!("error: the report does not verify: {several} faults"))),
    }
}

fn print(check: &Check) {
    match &check.found {
        Ok(confirmed) => outln!("{:8} ok: {confirmed}", check.what),
        Err(faults) => faults.iter().for_each(|fault| outln!("{:8} FAULT: {fault}", check.what)),
    }
}
