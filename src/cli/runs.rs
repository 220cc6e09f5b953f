//! `bgh runs`: what ran when, and how it ended.

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::past::{CacheArguments, when};
use super::progress::clock;
use crate::history::{Ending, Header, Run};

/// Arguments of `bgh runs`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    cache: CacheArguments,

    /// Only the last N runs
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    number: usize,

    /// All of them
    #[arg(long, conflicts_with = "number")]
    all: bool,

    /// One JSON object a run, the oldest first: `id`, `experiment`, `spec`, `arguments`, `host`, `pid`, `started` (seconds since
    /// 1970), `seconds`, `state` (running, done, failed, interrupted, died), `steps`, `cached`, `ran`, `failed`
    #[arg(long)]
    json: bool,
}

/// One line of the history.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    seconds: f64,
    pub(super) state: &'static str,
    steps: usize,
    cached: usize,
    ran: usize,
    failed: usize,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    id: &'a str,
    experiment: &'a str,
    spec: &'a std::path::Path,
    arguments: &'a [String],
    host: &'a str,
    pid: u32,
    started: f64,
}

impl<'a> Row<'a> {
    pub(super) fn of(run: &'a Run) -> anyhow::Result<Self> {
        let Header { id, experiment, spec, arguments, host, pid, started, .. } = run.header();
        let place = Place { id, experiment, spec, arguments, host, pid: *pid, started: *started };
        let (ending, seconds) = (run.ending()?, run.seconds()?);
        let state = ending.word();
        Ok(match ending {
            Ending::Ended(summary) => {
                let (steps, cached, ran, failed) = (summary.steps, summary.cached, summary.ran, summary.failed);
                Self { place, seconds, state, steps, cached, ran, failed }
            }
            Ending::Running | Ending::Died => {
                let standing = run.standing()?;
                let (steps, cached, ran, failed) = (standing.steps, standing.cached, standing.ran, standing.failed.len());
                Self { place, seconds, state, steps, cached, ran, failed }
            }
        })
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runs = arguments.cache.runs()?.list()?;
    let shown = if arguments.all { runs.len() } else { arguments.number.min(runs.len()) };
    let rows: Vec<Row<'_>> = runs[runs.len() - shown..].iter().map(Row::of).collect::<anyhow::Result<_>>()?;
    if arguments.json {
        for row in &rows {
            outln!("{}", serde_json::to_string(row).map_err(anyhow::Error::from)?);
        }
    } else if rows.is_empty() {
        outln!("no run has left a journal in {}", arguments.cache.folder()?.display());
    } else {
        outln!("{}", table(&rows));
    }
    Ok(())
}

fn table(rows: &[Row<'_>]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["run", "experiment", "started", "took", "cached", "ran", "failed", "state"]);
    for row in rows {
        table.add_row([
            row.place.id.to_owned(),
            row.place.experiment.to_owned(),
            when(row.place.started),
            clock(row.seconds),
            row.cached.to_string(),
            row.ran.to_string(),
            row.failed.to_string(),
            row.state.to_owned(),
        ]);
    }
    table
}
