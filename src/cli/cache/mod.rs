//! `bgh cache`: how large it is, whether it is whole, what nobody needs, runs as files, and what machines share. One file a subcommand.

mod amount;
mod clearance;
mod du;
mod export;
mod gc;
mod import;
mod share;
mod verify;

use clap::Subcommand;

pub(super) use amount::size;

use super::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bytes by kind of stage, experiment and run, and what else lies there
    Du(du::Arguments),
    /// Read every blob and record again; damaged ones are removed, so that the next run makes them anew
    Verify(verify::Arguments),
    /// Remove what neither named specs nor recent runs need
    Gc(gc::Arguments),
    /// Write one run, or the results of one spec, to a file that another cache takes in
    Export(export::Arguments),
    /// Take in a file that `export` wrote; all of it is checked first
    Import(import::Arguments),
    /// Send results to a cache that several machines share
    Push(share::Arguments),
    /// Fetch results from it; all bytes are checked
    Pull(share::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Du(arguments) => du::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Gc(arguments) => gc::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Push(arguments) => share::push(arguments),
        Command::Pull(arguments) => share::pull(arguments),
    }
}
