//! `bgh run`, and `bgh report`, which is a run of nothing but the report.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::progress::{self, clock};
use super::session::{Session, SpecArguments};
use super::{Exit, Failure};
use crate::execute::{self, Device, Executor, Guard, Interrupt, Listener, Machine, Options, State, Summary, Worker};
use crate::history::Journal;

/// Arguments of `bgh run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Show what would be done, and do nothing
    #[arg(long)]
    plan: bool,

    /// Steps at once; each worker computes on one core [default: number of cores]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,

    /// Finish the branches that do not stand on a failed step
    #[arg(long)]
    keep_going: bool,

    /// Stop after these steps, by label (`train[…]`) or kind (`train`)
    #[arg(long, value_name = "STEP")]
    until: Vec<String>,

    /// Run these steps even if they are cached
    #[arg(long, value_name = "STEP")]
    force: Vec<String>,

    /// Read every source file and every blob again, whatever its times say
    #[arg(long)]
    paranoid: bool,

    /// Where networks compute: auto, cpu or cuda
    #[arg(long, default_value = "auto", env = "BGH_DEVICE")]
    device: String,

    /// Folder of the reports
    #[arg(long, env = "BGH_REPORTS", default_value = "reports", value_name = "DIR")]
    reports: PathBuf,
}

/// Arguments of `bgh report`.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Folder of the reports
    #[arg(long, env = "BGH_REPORTS", default_value = "reports", value_name = "DIR")]
    reports: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let began = Instant::now();
    let mut session = arguments.spec.open()?;
    if arguments.paranoid {
        session.store = session.store.paranoid();
    }
    let options = options(arguments, &session)?;
    let mut executor = Executor::survey(&session.plan, &session.store, &options)?;
    if arguments.plan {
        return super::plan::print(&session, &executor, false);
    }
    session.writable_for(executor.open())?;
    session.store.touch(&session.experiment.name);
    let machine = machine(&executor, &arguments.device)?;
    let interrupt = Interrupt::on_signals().map_err(anyhow::Error::from)?;
    let mut listeners = listeners(&arguments.spec, &session, &executor);
    let summary = executor.run(&machine, &interrupt, &mut listeners)?;
    drop(listeners);
    verdict(&summary)?;
    let place = publish(&session, &executor, &arguments.reports)?;
    println!("{} · {}{}", counts(&summary), clock(began.elapsed().as_secs_f64()), place);
    Ok(())
}

pub(super) fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.experiment.name.clone(), jobs: 1, ..Options::default() };
    let mut executor = Executor::survey(&session.plan, &session.store, &options)?;
    let missing = |id: &_| !matches!(executor.state(*id), State::Done { .. }) && session.plan.step(*id).kind.name != "report";
    if let Some(id) = session.plan.in_order().find(missing) {
        let label = &session.plan.step(id).label;
        return Err(Failure::new(
            Exit::Stage,
            format!("error: {label} has no result yet\n  hint: `bgh run` computes what is missing"),
        ));
    }
    session.writable_for(executor.open())?;
    let mut listeners = listeners(&arguments.spec, &session, &executor);
    let machine = Machine { worker: None, devices: vec![], guard: Guard::absent() };
    let interrupt = Interrupt::new().map_err(anyhow::Error::from)?;
    let summary = executor.run(&machine, &interrupt, &mut listeners)?;
    drop(listeners);
    verdict(&summary)?;
    println!("{}", publish(&session, &executor, &arguments.reports)?.trim_start_matches(" · "));
    Ok(())
}

/// Who is told of the run: the person before it, and its journal.
fn listeners(spec: &SpecArguments, session: &Session, executor: &Executor<'_>) -> Vec<Box<dyn Listener>> {
    let mut listeners = vec![progress::listener(&session.experiment.name)];
    match Journal::begin(&session.store, &session.plan, executor, || spec.header(&session.experiment)) {
        Ok(journal) => listeners.extend(journal.map(|journal| Box::new(journal) as Box<dyn Listener>)),
        Err(error) => eprintln!("warning: {error:#}; this run will be missing in `bgh runs`"),
    }
    listeners
}

fn options(arguments: &Arguments, session: &Session) -> Result<Options, Failure> {
    let until = arguments.until.iter().map(|pattern| session.matching(pattern)).collect::<Result<Vec<_>, _>>()?.concat();
    let forced = arguments.force.iter().map(|pattern| session.matching(pattern)).collect::<Result<Vec<_>, _>>()?.concat();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Options {
        experiment: session.experiment.name.clone(),
        jobs: arguments.jobs.unwrap_or(cores),
        keep_going: arguments.keep_going,
        forced: forced.into_iter().collect(),
        wanted: if until.is_empty() { vec![] } else { session.plan.with_producers(&until) },
    })
}

/// The worker and its devices, looked for only when something may need them, and before anything runs.
fn machine(executor: &Executor<'_>, device: &str) -> Result<Machine, Failure> {
    let guard = Guard::new(vec!["/proc/self/exe".into(), super::GUARD.into()]);
    if !executor.needs_worker() {
        return Ok(Machine { worker: None, devices: vec![], guard });
    }
    let worker = Worker::find().map_err(|error| Failure::environment(&error))?;
    let devices = Device::choose(device, &worker).map_err(|error| Failure::environment(&error))?;
    Ok(Machine { worker: Some(worker), devices, guard })
}

fn verdict(summary: &Summary) -> Result<(), Failure> {
    if summary.interrupted {
        let hint = "the same command goes on from here";
        return Err(Failure::new(Exit::Interrupted, format!("interrupted: {}; {hint}", counts(summary))));
    }
    if summary.failed > 0 {
        return Err(Failure::new(Exit::Stage, counts(summary)));
    }
    Ok(())
}

fn counts(summary: &Summary) -> String {
    let parts = [(summary.cached, "cached"), (summary.ran, "ran"), (summary.failed, "failed"), (summary.not_run, "not run")];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{} steps: {}", summary.steps, said.join(", "))
}

/// Lays out the report if the run made one; says where it is.
fn publish(session: &Session, executor: &Executor<'_>, reports: &std::path::Path) -> Result<String, Failure> {
    let Some(report) = session.plan.find("report").and_then(|id| executor.output(id, "report")) else {
        return Ok(String::new());
    };
    let experiment = &session.experiment;
    let provenance = execute::provenance(&experiment.name, experiment.seed, &session.plan, executor)?;
    let folder = reports.join(&experiment.name);
    execute::publish(&session.store, report, &provenance, &folder)?;
    if let Err(error) = session.store.save() {
        tracing::warn!(%error, "the index of the cache was not written: files will be read again");
    }
    Ok(format!(" · {}", folder.join("report.html").display()))
}
