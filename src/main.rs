//! The `bgh` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bgh::cli::main()
}
