//! `bgh-torch JOBDIR` runs one job; `bgh-torch --version-json` tells what this build and machine can do.

use std::path::Path;
use std::process::ExitCode;

use bgh_torch::{backend, worker};

const USAGE: &str = "usage: bgh-torch JOBDIR | bgh-torch --version-json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--version-json"] => print_version(),
        [job] if !job.starts_with('-') => run(Path::new(job)),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn print_version() -> ExitCode {
    backend::set_up(false);
    println!("{}", serde_json::json!(backend::version()));
    ExitCode::SUCCESS
}

fn run(job: &Path) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_env_filter(filter).init();
    match worker::run(job) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {}: {fault:#}", job.display());
            ExitCode::FAILURE
        }
    }
}
