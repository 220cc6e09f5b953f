//! The command line: one file a subcommand. Reading arguments has no effects; each command then does one thing.

/// Prints a line to standard output, as `println!` does, but never panics.
macro_rules! outln {
    ($($text:tt)*) => { $crate::cli::out::line(format_args!($($text)*)) };
}

/// Prints a line to standard error, as `eprintln!` does, but never panics.
macro_rules! errln {
    ($($text:tt)*) => { $crate::cli::out::aside(&format!("{}\n", format_args!($($text)*))) };
}

mod cache;
mod check;
mod classify;
mod cluster;
mod completions;
mod contact_sheet;
mod diff;
mod doctor;
mod events;
mod explain;
mod export_model;
mod failure;
mod forecast;
mod graph;
mod headers;
mod init;
mod inspect;
mod layout;
mod lines;
mod log;
mod logs;
mod out;
mod outlook;
mod past;
mod phantom;
mod phi;
mod plan;
mod progress;
mod remote;
mod roc;
mod run;
mod runs;
mod serve;
mod session;
mod site;
mod status;
mod submit;
mod verify;
mod weights;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Exit, Failure};

use crate::execute::{GUARD, Guard, keep_memory, run_on_node};
use crate::slurm::EXEC_ATTEMPT;

/// Declarative experiments in medical imaging: one TOML file in, a paper-ready report out.
#[derive(Debug, Parser)]
#[command(name = "bgh", version, max_term_width = 120, propagate_version = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// What to log to standard error or to --log-file: off, error, warn, info, debug, trace, or a filter as `bgh::execute=debug`
    #[arg(long, global = true, env = "BGH_LOG", default_value = "error", value_name = "FILTER")]
    log: String,

    /// Write the log to this file, a JSON object a line, instead of to standard error
    #[arg(long, global = true, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

const EXIT_CODES: &str = "Exit codes: 0 fine · 1 unexpected · 2 usage, spec or cohort · 3 a stage failed · \
4 environment (worker, device, libtorch) · 5 cache damaged · 130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run what has no result yet, then lay out the report
    Run(run::Arguments),
    /// Find every fault of a spec and of what it names
    Check(check::Arguments),
    /// Show what a run would do: each step is cached, will run (and why), or waits
    Plan(plan::Arguments),
    /// Say why a step ran or would run
    Explain(explain::Arguments),
    /// Draw the plan
    Graph(graph::Arguments),
    /// Say what is going on, and how the last run ended
    Status(status::Arguments),
    /// Print what a step printed
    Logs(logs::Arguments),
    /// List the runs of a cache
    Runs(runs::Arguments),
    /// Set two runs, two specs, or a run and a spec beside each other
    Diff(diff::Arguments),
    /// Show runs, steps, curves, images and results as a local page
    Serve(serve::Arguments),
    /// Lay out the report again from what is cached; nothing is computed but the report itself
    Report(run::ReportArguments),
    /// Confirm that what a run made is still what it made
    #[command(subcommand)]
    Verify(verify::Command),
    /// Look after the artifact cache
    #[command(subcommand)]
    Cache(cache::Command),
    /// Draft a spec and a label table from a folder of exams
    Init(init::Arguments),
    /// Say what ingest sees in DICOM files
    Inspect(inspect::Arguments),
    /// Write a phantom cohort as DICOM with a label table
    Phantom(phantom::Arguments),
    /// ROC statistics of a table of scores
    Roc(roc::Arguments),
    /// Look into weight files, convert them, and take trained weights out of the cache
    #[command(subcommand)]
    Weights(weights::Command),
    /// Write a trained model into one file, with all that it takes to apply it
    ExportModel(export_model::Arguments),
    /// Apply an exported model to new exams and list them, most suspicious first
    Classify(classify::Arguments),
    /// Say what works here: worker, libtorch, devices, cache
    Doctor(doctor::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

/// What a process is that `bgh` itself or a cluster starts.
fn started_by_machine() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next()?;
    if first == GUARD {
        return Some(Guard::watch().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS));
    }
    let place = arguments.next().filter(|_| first == EXEC_ATTEMPT)?;
    Some(run_on_node(Path::new(&place)))
}

/// Reads the arguments, runs the command and turns its failure into a message and an exit code.
pub fn main() -> ExitCode {
    keep_memory();
    if let Some(code) = started_by_machine() {
        return code;
    }
    let arguments = Arguments::parse();
    let outcome = log::init(&arguments.log, arguments.log_file.as_deref()).and_then(|()| run(arguments.command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Report(arguments) => run::report(&arguments),
        Command::Verify(command) => verify::run(&command),
        Command::Cache(command) => cache::run(&command),
        Command::Init(arguments) => init::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Phantom(arguments) => phantom::run(&arguments),
        Command::Roc(arguments) => roc::run(&arguments),
        Command::Weights(command) => weights::run(&command),
        Command::ExportModel(arguments) => export_model::run(&arguments),
        Command::Classify(arguments) => classify::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
