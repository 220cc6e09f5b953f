//! `bgh run`, and `bgh report`, which is a run of nothing but the report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::events::{JsonEvents, is_stdout};
use super::progress::{self, Outlook, clock};
use super::session::{Session, SpecArguments};
use super::submit::{self, Detached};
use super::{Exit, Failure};
use crate::execute::{self, Devices, Executor, Guard, Interrupt, Learned, Listener, Machine, Options, State, Summary, Worker};
use crate::history::{self, Journal, Runs};
use crate::site::Site;
use crate::slurm::Cluster;

/// Arguments of `bgh run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Show what would be done, and do nothing
    #[arg(long)]
    plan: bool,

    /// Run as a job of the Slurm cluster that the site file describes, and return at once
    #[arg(long)]
    submit: bool,

    /// This run is such a job
    #[arg(long, hide = true)]
    detached: bool,

    /// CPU slots: steps at once, where each takes one [default: that of the site file, else the number of cores]
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

    /// Write what happens as JSON, an object a line: to standard output, or to a file (`--json-events=FILE`)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    json_events: Option<PathBuf>,

    /// Run these steps, cached or not, and run them twice: a step whose bytes differ has failed
    #[arg(long, value_name = "STEP")]
    twice: Vec<String>,

    /// Read every source file and every blob again, whatever its times say
    #[arg(long)]
    paranoid: bool,

    /// Where networks compute: auto, cpu, cuda, or cuda:0,1 for some of several
    #[arg(long, default_value = "auto", env = "BGH_DEVICE")]
    device: String,

    /// Folder of the reports [default: that of the site file, else reports]
    #[arg(long, env = "BGH_REPORTS", value_name = "DIR")]
    reports: Option<PathBuf>,
}

/// Arguments of `bgh report`.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Folder of the reports [default: that of the site file, else reports]
    #[arg(long, env = "BGH_REPORTS", value_name = "DIR")]
    reports: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let began = Instant::now();
    let mut session = arguments.spec.open()?;
    if arguments.paranoid {
        session.store = session.store.paranoid();
    }
    let options = options(arguments, &session)?;
    let mut executor = Executor::survey(&session.plan, &session.store, &options)?;
    session.consult(&mut executor)?;
    if arguments.plan {
        return super::plan::print(&session, &executor, false);
    }
    session.writable_for(executor.open())?;
    if arguments.submit {
        return submit::submit(&session);
    }
    session.bring(&mut executor)?;
    session.store.touch(&session.spec.name);
    let machine = machine(&executor, arguments.jobs, &arguments.device, &session.site)?;
    let interrupt = Interrupt::on_signals().map_err(anyhow::Error::from)?;
    let detached = arguments.detached.then(|| Detached::listen(&interrupt)).transpose()?;
    let mut listeners = listeners(&arguments.spec, &session, &executor, machine.cpus);
    if let Some(place) = &arguments.json_events {
        listeners.push(Box::new(JsonEvents::to(place)?));
    }
    let summary = executor.run(&machine, &interrupt, &mut listeners)?;
    drop(listeners);
    session.note_use(&executor);
    if detached.map_or(Ok(false), |detached| detached.go_on(&summary, &session))? {
        return Ok(());
    }
    verdict(&summary)?;
    let place = publish(&arguments.spec, &session, &executor, arguments.reports.as_deref())?;
    let said = format!("{} · {}{}{place}", counts(&summary), clock(began.elapsed().as_secs_f64()), session.traffic());
    match &arguments.json_events {
        Some(place) if is_stdout(place) => errln!("{said}"),
        _ => outln!("{said}"),
    }
    Ok(())
}

pub(super) fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.spec.name.clone(), ..Options::default() };
    let mut executor = Executor::survey(&session.plan, &session.store, &options)?;
    session.consult(&mut executor)?;
    session.bring(&mut executor)?;
    let missing = |id: &_| !matches!(executor.state(*id), State::Done { .. }) && session.plan.step(*id).kind.name != "report";
    if let Some(id) = session.plan.in_order().find(missing) {
        let label = &session.plan.step(id).label;
        return Err(Failure::new(
            Exit::Stage,
            format!("error: {label} has no result yet\n  hint: `bgh run` computes what is missing"),
        ));
    }
    session.writable_for(executor.open())?;
    let (devices, cpus, guard) = (Devices::default(), Machine::cores(), Guard::absent());
    let machine = Machine { worker: None, devices, cpus, memory_mib: None, guard, cluster: None };
    let mut listeners = listeners(&arguments.spec, &session, &executor, machine.cpus);
    let interrupt = Interrupt::new().map_err(anyhow::Error::from)?;
    let summary = executor.run(&machine, &interrupt, &mut listeners)?;
    drop(listeners);
    verdict(&summary)?;
    outln!("{}", publish(&arguments.spec, &session, &executor, arguments.reports.as_deref())?.trim_start_matches(" · "));
    Ok(())
}

/// Who is told of the run: the person before it, and its journal.
fn listeners(spec: &SpecArguments, session: &Session, executor: &Executor<'_>, jobs: usize) -> Vec<Box<dyn Listener>> {
    let outlook = || Outlook::of(&session.plan, executor, &Learned::open(&session.store), jobs);
    let mut listeners = vec![progress::listener(&session.spec.name, outlook)];
    match Journal::begin(&session.store, &session.plan, executor, || spec.header(session)) {
        Ok(journal) => listeners.extend(journal.map(|journal| Box::new(journal) as Box<dyn Listener>)),
        Err(error) => errln!("warning: {error:#}; this run will be missing in `bgh runs`"),
    }
    listeners
}

fn options(arguments: &Arguments, session: &Session) -> Result<Options, Failure> {
    let (until, twice) = (session.matching_any(&arguments.until)?, session.matching_any(&arguments.twice)?);
    let forced = [session.matching_any(&arguments.force)?, twice.clone()].concat();
    Ok(Options {
        experiment: session.spec.name.clone(),
        keep_going: arguments.keep_going,
        forced: forced.into_iter().collect(),
        wanted: if until.is_empty() { vec![] } else { session.plan.with_producers(&until) },
        twice: twice.into_iter().collect(),
        patience: session.site.patience.clone(),
        back_off: session.site.back_off,
    })
}

/// The worker and its devices, looked for only when something may need them, and before anything runs.
pub(super) fn machine(executor: &Executor<'_>, jobs: Option<usize>, device: &str, site: &Site) -> Result<Machine, Failure> {
    let environment = |error: anyhow::Error| Failure::environment(&error);
    let worker = executor.needs_worker().then(Worker::find).transpose().map_err(environment)?;
    let devices = executor.wants_devices().then(|| Devices::find(device, site, worker.as_ref())).transpose();
    let machine = Machine {
        devices: devices.map_err(environment)?.unwrap_or_default(),
        worker,
        cpus: jobs.or(site.jobs).unwrap_or_else(Machine::cores),
        memory_mib: site.memory_mib.or_else(Machine::memory),
        guard: Guard::new(vec!["/proc/self/exe".into(), execute::GUARD.into()]),
        cluster: site.slurm.is_used().then(|| Cluster::new(site.slurm.clone())),
    };
    let refused = machine.refuses(executor);
    if refused.is_empty() { Ok(machine) } else { Err(Failure::new(Exit::Environment, refused_text(&refused))) }
}

fn refused_text(refused: &[String]) -> String {
    let lines: Vec<String> = refused.iter().map(|why| format!("error: {why}")).collect();
    format!("{}\n  hint: ask for less, or run where there is more", lines.join("\n"))
}

pub(super) fn verdict(summary: &Summary) -> Result<(), Failure> {
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
fn publish(
    spec: &SpecArguments,
    session: &Session,
    executor: &Executor<'_>,
    reports: Option<&Path>,
) -> Result<String, Failure> {
    let exported = export(session, executor)?;
    let report = session.plan.find("report").and_then(|id| executor.output(id, "report"));
    let (Some(report), Some(experiment)) = (report, &session.spec.study) else { return Ok(exported) };
    let provenance = execute::provenance(&experiment.name, experiment.seed, &session.plan, executor)?;
    let reports = reports.or(session.site.reports.as_deref()).unwrap_or(Path::new("reports"));
    let folder = reports.join(&experiment.name);
    let about = execute::About { name: &experiment.name, title: &experiment.title };
    let metadata = execute::ro_crate(about, report, &session.plan, executor)?;
    let beside = BTreeMap::from([
        (execute::PROVENANCE, provenance),
        (execute::CRATE, metadata),
        (execute::SPEC, spec.resolved(session)),
        (execute::COMPUTE, execute::compute(&session.plan, executor)?),
        (history::LOOKS, history::table(&history::looks(&Runs::of(&session.store), &experiment.name)?)?),
    ]);
    execute::publish(&session.store, report, &beside, &folder)?;
    if let Err(error) = session.store.save() {
        tracing::warn!(%error, "the index of the cache was not written: files will be read again");
    }
    Ok(format!("{exported} · {}", folder.join("report.html").display()))
}

/// Lays out what stages export; says where it is.
fn export(session: &Session, executor: &Executor<'_>) -> Result<String, Failure> {
    let mut folders = BTreeSet::new();
    for export in session.plan.exports() {
        let Some(artifact) = executor.output(export.step, &export.port) else { continue };
        execute::lay_out(&session.store, artifact, &export.folder)?;
        folders.insert(
            session.spec.export_of(&session.plan.step(export.step).label).unwrap_or(&export.folder).display().to_string(),
        );
    }
    Ok(folders.iter().map(|folder| format!(" · {folder}")).collect())
}
