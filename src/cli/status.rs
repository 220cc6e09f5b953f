//! `bgh status`: what is going on, and how the last run ended.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Failure;
use super::past::{CacheArguments, when};
use super::progress::clock;
use crate::history::{Ending, Failed, Run, Running, Standing};
use crate::spec;

/// Arguments of `bgh status`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only runs of this experiment, a TOML file
    spec: Option<PathBuf>,

    #[command(flatten)]
    cache: CacheArguments,

    /// One JSON object a run: `run` (what was asked for), `state` (running, done, failed, interrupted, died), `seconds`, `waiting` (a
    /// number of steps) and `standing` (`steps`, `cached`, `ran`, `running` and `failed` by step, `elsewhere`, `warnings`, `at`)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let experiment = match &arguments.spec {
        Some(path) => Some(spec::load(path, &[])?.name),
        None => None,
    };
    let is_meant = |run: &Run| experiment.as_ref().is_none_or(|name| *name == run.header().experiment);
    let shown = shown(arguments.cache.runs()?.list()?.into_iter().filter(is_meant).collect());
    if shown.is_empty() && !arguments.json {
        outln!("no run has left a journal in {}", arguments.cache.folder()?.display());
    }
    for run in &shown {
        let (standing, ending, seconds) = (run.standing()?, run.ending()?, run.seconds()?);
        if arguments.json {
            let (state, waiting) = (ending.word(), standing.waiting());
            outln!(
                "{}",
                json!({"run": run.header(), "state": state, "seconds": seconds, "waiting": waiting, "standing": standing})
            );
        } else {
            print(run, &ending, seconds, &standing);
        }
    }
    Ok(())
}

/// All that live, and the last that does not.
fn shown(runs: Vec<Run>) -> Vec<Run> {
    let (living, past): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(Run::is_alive);
    past.into_iter().next_back().into_iter().chain(living).collect()
}

fn print(run: &Run, ending: &Ending, seconds: f64, standing: &Standing) {
    let header = run.header();
    outln!("{} · run {} · {}", header.experiment, header.id, told(run, ending, seconds, standing));
    outln!("  {}", counts(standing));
    let width = standing.running.keys().map(|step| step.chars().count()).max().unwrap_or(0).min(40);
    for (step, running) in &standing.running {
        let verb = if *ending == Ending::Running { "running" } else { "left at" };
        outln!("  {verb} {step:width$}  {}", progress(running));
    }
    for (step, failed) in &standing.failed {
        outln!("  failed  {step}: {}", failure(failed));
        outln!("    hint: `bgh logs '{step}' --run {}` shows what it printed", header.id);
    }
    for (step, text) in standing.warnings.iter().rev().take(3).rev() {
        outln!("  warning {}{text}", step.as_ref().map_or_else(String::new, |step| format!("{step}: ")));
    }
}

fn told(run: &Run, ending: &Ending, seconds: f64, standing: &Standing) -> String {
    let (took, header) = (clock(seconds), run.header());
    match ending {
        Ending::Running => format!("running for {took} on {}, process {}", header.host, header.pid),
        Ending::Ended(_) => format!("{} after {took}, {}", ending.word(), when(standing.at)),
        Ending::Died => {
            format!("died after {took}; its last word was {}\n  hint: the same command goes on from there", when(standing.at))
        }
    }
}

fn counts(standing: &Standing) -> String {
    let parts = [
        (standing.cached, "cached"),
        (standing.ran, "ran"),
        (standing.running.len(), "running"),
        (standing.elsewhere.len(), "in another run"),
        (standing.failed.len(), "failed"),
        (standing.waiting(), "waiting"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{} steps: {}", standing.steps, said.join(", "))
}

fn progress(running: &Running) -> String {
    let mut parts = vec![];
    if let Some(progress) = &running.progress {
        parts.push(format!("{}/{} {}", progress.done, progress.total, progress.unit));
    }
    parts.extend(running.rate.map(|rate| format!("{rate:.1} a second")));
    parts.extend(running.seconds_left.map(|left| format!("{} left", clock(left))));
    parts.extend(running.device.map(|device| format!("cuda:{device}")));
    parts.extend(running.job.as_ref().map(|job| format!("job {} {}", job.number, job.standing).trim_end().to_owned()));
    parts.extend((running.attempt > 1).then(|| format!("attempt {}", running.attempt)));
    parts.push(format!("since {}", &when(running.since)[11..]));
    parts.join(" · ")
}

fn failure(failed: &Failed) -> String {
    let again = failed.retry_in.map_or_else(String::new, |wait| format!(" (again in {})", clock(wait)));
    format!("{}{again}", failed.failure)
}
