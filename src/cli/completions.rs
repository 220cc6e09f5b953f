//! `bgh completions`: for the shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Failure;

/// Arguments of `bgh completions`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "bgh", &mut std::io::stdout());
    Ok(())
}
