//! `bgh cache gc`: removes what nobody needs. The plan is told first; whoever uses the cache meanwhile is waited for, or named.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;

use super::super::past::CacheArguments;
use super::super::session;
use super::super::{Exit, Failure};
use super::amount::{parse_age, parse_size, size};
use super::clearance;
use crate::care::{Collection, Wishes};
use crate::execute::{Executor, Options, State};
use crate::history::Runs;
use crate::spec;
use crate::store::{Digest, Store};

/// How long blobs without a record stay where nothing is said.
const GRACE: Duration = Duration::from_secs(3600);

/// Arguments of `bgh cache gc`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    pub(super) cache: CacheArguments,

    /// Collect from this remote cache instead of the local one: by what its last uses stand on and by age
    #[arg(long, value_name = "URL", conflicts_with_all = ["max_size", "checkpoints", "wait"])]
    remote: Option<String>,

    /// Keep all results of this spec, used or not; may be given several times
    #[arg(long, value_name = "SPEC")]
    pub(super) keep: Vec<PathBuf>,

    /// Keep results and journals of the last N runs of each experiment
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) recent: usize,

    /// Keep what was used within this time
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = parse_age)]
    pub(super) unused: Duration,

    /// Then let results go, the longest unused first, until the cache has at most this size; specs that are kept stay [default: that
    /// of the site file]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_size: Option<u64>,

    /// Keep checkpoints of jobs that were left behind for this time
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = parse_age)]
    checkpoints: Duration,

    /// Keep blobs without a record and files on their way for this time, and of a remote whatever is younger [default: 1h; 1d for a
    /// remote]
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(super) grace: Option<Duration>,

    /// Only tell what would go
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Wait until nobody else uses the cache
    #[arg(long)]
    wait: bool,

    /// One JSON object: `results`, `blobs`, `jobs`, `logs`, `runs`, `strays`, each with `count`, `bytes` and `paths`; `kept` results;
    /// `size_before`, `size_after`; `removed`. Of a remote: `results`, `uses`, `blobs`
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(url) = &arguments.remote {
        return clearance::run(url, arguments, &arguments.cache.site.read()?);
    }
    let store = arguments.cache.store()?;
    if !arguments.dry_run {
        take(&store, arguments.wait)?;
    }
    let wishes = wishes(arguments, &store)?;
    let plan = Collection::plan(&store, &wishes)?;
    if !arguments.json {
        print(&plan, arguments.dry_run);
    }
    if !arguments.dry_run {
        plan.execute()?;
    }
    if arguments.json {
        let mut answer = json!(plan);
        answer["removed"] = json!(!arguments.dry_run);
        outln!("{answer}");
    }
    let is_over = wishes.max_size.is_some_and(|limit| plan.size_after > limit);
    if is_over {
        errln!("warning: what is kept has {}, more than it should", size(plan.size_after));
    }
    Ok(())
}

/// The cache for this process alone.
fn take(store: &Store, wait: bool) -> Result<(), Failure> {
    if store.is_read_only() {
        let fact = format!("error: {} cannot be written to", store.root().display());
        return Err(Failure::new(Exit::Environment, format!("{fact}\n  hint: --dry-run tells what could go")));
    }
    let failed =
        |error: std::io::Error| Failure::environment(&anyhow::Error::from(error).context("the cache cannot be locked"));
    if wait {
        return store.wait_alone().map_err(failed);
    }
    if store.alone().map_err(failed)? { Ok(()) } else { Err(busy(store)) }
}

fn busy(store: &Store) -> Failure {
    let runs = Runs::of(store).list().unwrap_or_default();
    let alive = runs.iter().filter(|run| run.is_alive());
    let named = alive.map(|run| format!("\n  run {} of {} on {}", run.id(), run.header().experiment, run.header().host));
    let named: String = named.collect();
    let who = if named.is_empty() { "\n  another command" } else { &named };
    let hint = "\n  hint: --wait waits for the end; --dry-run tells now what could go";
    Failure::new(Exit::Environment, format!("error: the cache is in use, so nothing was removed:{who}{hint}"))
}

fn wishes(arguments: &Arguments, store: &Store) -> Result<Wishes, Failure> {
    let mut keep = BTreeSet::new();
    for spec in &arguments.keep {
        keep.extend(results(spec, store)?);
    }
    let Arguments { recent, unused, checkpoints, .. } = *arguments;
    let grace = arguments.grace.unwrap_or(GRACE);
    let max_size = max_size(arguments)?;
    Ok(Wishes { keep, recent, unused, grace, checkpoints, max_size, now: SystemTime::now() })
}

/// What the command line says, else the site file.
fn max_size(arguments: &Arguments) -> Result<Option<u64>, Failure> {
    let site = arguments.cache.site.read()?;
    Ok(arguments.max_size.or(site.max_cache_mib.map(|mib| mib << 20)))
}

/// Every result that the spec has in the cache.
fn results(path: &std::path::Path, store: &Store) -> Result<BTreeSet<Digest>, Failure> {
    let spec = spec::load(path, &[])?;
    let plan = session::planned(&spec, &session::key(&spec, store.root())?)?;
    let options = Options::default();
    let executor = Executor::survey(&plan, store, &options)?;
    let action = |id| match executor.state(id) {
        State::Done { action, .. } => Some(*action),
        _ => None,
    };
    Ok(plan.in_order().filter_map(action).collect())
}

fn print(plan: &Collection, dry_run: bool) {
    for (name, pile) in plan.piles() {
        outln!("{name:18} {:6} {:>10}", pile.count, size(pile.bytes));
    }
    let verb = if dry_run { "could be removed" } else { "removed" };
    let freed = size(plan.size_before - plan.size_after);
    outln!("{freed} {verb} · {} results stay · {} before, {} after", plan.kept, size(plan.size_before), size(plan.size_after));
}
