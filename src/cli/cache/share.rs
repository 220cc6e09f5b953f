//! `bgh cache push` and `bgh cache pull`: results to a remote cache, and from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::super::past::CacheArguments;
use super::super::{Exit, Failure, remote, session};
use super::amount::size;
use crate::execute::{Executor, Options};
use crate::plan::Plan;
use crate::remote::{Remote, Tally, Trouble};
use crate::site::Site;
use crate::spec;
use crate::store::{ActionResult, Digest, Store};

/// Results whose blobs are fetched together.
const BATCH: usize = 500;

/// Arguments of `bgh cache push` and `bgh cache pull`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A spec, for its results alone; may be left out
    spec: Option<String>,

    /// The remote: s3://BUCKET/PREFIX, gs://…, az://…, file:///FOLDER or a folder [default: that of the site file]
    remote: Option<String>,

    #[command(flatten)]
    cache: CacheArguments,

    /// One JSON object: `remote`, `new` and `known` results, `blobs`, `bytes`, `seconds`; of pull also `unusable` results
    #[arg(long)]
    json: bool,
}

/// A spec and its plan.
type Planned = (String, Plan);

impl Arguments {
    /// What is a file is the spec, whatever else is the remote.
    fn read(&self) -> Result<(Option<Planned>, Remote), Failure> {
        let site = self.cache.site.read()?;
        let words = self.spec.iter().chain(&self.remote);
        let (specs, others): (Vec<&String>, Vec<&String>) = words.partition(|word| is_spec(word));
        if let ([one, other], _) | (_, [one, other]) = (&specs[..], &others[..]) {
            let fact = format!("error: `{one}` and `{other}` are of the same sort");
            return Err(Failure::new(Exit::Spec, format!("{fact}\n  hint: name at most one spec and one remote")));
        }
        let cache = self.cache.folder()?;
        let planned = specs.first().map(|path| planned(Path::new(path), &cache)).transpose()?;
        Ok((planned, named(others.first().map(|url| url.as_str()), &site)?))
    }
}

fn is_spec(word: &str) -> bool {
    !word.contains("://") && (Path::new(word).is_file() || word.ends_with(".toml"))
}

fn named(url: Option<&str>, site: &Site) -> Result<Remote, Failure> {
    let Some(url) = url.or(site.remote.url.as_deref()) else {
        let hint = "name it (`s3://BUCKET/PREFIX`, `file:///FOLDER`), or write `url` into `[remote]` of the site file";
        return Err(Failure::new(Exit::Spec, format!("error: no remote cache is named\n  hint: {hint}")));
    };
    remote::open(url, site)
}

fn planned(path: &Path, cache: &Path) -> Result<Planned, Failure> {
    let spec = spec::load(path, &[])?;
    let plan = session::planned(&spec, &session::key(&spec, cache)?)?;
    Ok((spec.name, plan))
}

pub(super) fn push(arguments: &Arguments) -> Result<(), Failure> {
    let began = Instant::now();
    let (planned, remote) = arguments.read()?;
    let store = arguments.cache.store()?;
    let uses = uses(&store, planned.as_ref())?;
    let actions: BTreeSet<Digest> = match planned {
        Some(_) => uses.values().flatten().copied().collect(),
        None => store.actions()?.into_iter().map(|(action, _)| action).collect(),
    };
    let actions: Vec<Digest> = actions.into_iter().filter(|action| store.lookup(*action).is_ok()).collect();
    let sent = watched(&remote, || remote.push(&store, &actions)).map_err(|trouble| failure(&remote, &trouble))?;
    for (experiment, used) in uses {
        remote.note_use(&experiment, used).map_err(|trouble| failure(&remote, &trouble))?;
    }
    store.save().map_err(anyhow::Error::from)?;
    let tally = remote.tally();
    let (place, seconds) = (remote.location().to_string(), began.elapsed().as_secs_f64());
    if arguments.json {
        let (blobs, bytes) = (tally.sent_blobs, tally.sent_bytes);
        let answer =
            json!({"remote": place, "new": sent.new, "known": sent.known, "blobs": blobs, "bytes": bytes, "seconds": seconds});
        outln!("{answer}");
    } else {
        let (new, known, bytes) = (sent.new, sent.known, size(tally.sent_bytes));
        outln!("{new} results sent, {known} were there · {} blobs, {bytes} in {seconds:.1} s · {place}", tally.sent_blobs);
    }
    Ok(())
}

/// What experiments stand on: the one of the spec, or all that the cache knows.
fn uses(store: &Store, planned: Option<&Planned>) -> Result<BTreeMap<String, BTreeSet<Digest>>, Failure> {
    let Some((name, plan)) = planned else {
        let last = store.last_uses().into_iter();
        return Ok(last.map(|last| (last.experiment, last.steps.into_iter().map(|(_, action)| action).collect())).collect());
    };
    let options = Options::default();
    let actions = Executor::survey(plan, store, &options)?.actions();
    if actions.is_empty() {
        let fact = format!("error: {name} has no result in the cache");
        return Err(Failure::new(Exit::Stage, format!("{fact}\n  hint: `bgh run` makes them")));
    }
    Ok([(name.clone(), actions)].into())
}

pub(super) fn pull(arguments: &Arguments) -> Result<(), Failure> {
    let began = Instant::now();
    let (planned, remote) = arguments.read()?;
    let store = Store::open(&arguments.cache.folder()?).map_err(|error| Failure::environment(&error))?;
    if store.is_read_only() {
        return Err(Failure::new(Exit::Environment, format!("error: {} cannot be written to", store.root().display())));
    }
    let pulled = watched(&remote, || match &planned {
        Some((name, plan)) => pull_plan(&remote, &store, name, plan),
        None => pull_all(&remote, &store),
    })?;
    store.save().map_err(anyhow::Error::from)?;
    let (tally, place, seconds) = (remote.tally(), remote.location().to_string(), began.elapsed().as_secs_f64());
    let Pulled { new, known, unusable, absent } = pulled;
    if arguments.json {
        let (blobs, bytes) = (tally.fetched_blobs, tally.fetched_bytes);
        let answer = json!({
            "remote": place, "new": new, "known": known, "unusable": unusable, "blobs": blobs, "bytes": bytes, "seconds": seconds
        });
        outln!("{answer}");
    } else {
        let (blobs, bytes) = (tally.fetched_blobs, size(tally.fetched_bytes));
        outln!("{new} results fetched, {known} were here · {blobs} blobs, {bytes} in {seconds:.1} s · {place}");
        if absent > 0 {
            outln!("{absent} steps have no result there; `bgh run` computes what is missing");
        }
    }
    if unusable > 0 {
        let fact = format!("error: {unusable} results at {place} are damaged or not whole and were not taken");
        let hint = "hint: whoever has them whole mends them by `bgh cache push`; `bgh run` makes them anew";
        return Err(Failure::new(Exit::Cache, format!("{fact}\n  {hint}")));
    }
    Ok(())
}

#[derive(Default)]
struct Pulled {
    new: usize,
    known: usize,
    unusable: usize,
    /// Steps of a spec that are neither here nor there.
    absent: usize,
}

fn pull_plan(remote: &Remote, store: &Store, name: &str, plan: &Plan) -> Result<Pulled, Failure> {
    let options = Options { experiment: name.to_owned(), ..Options::default() };
    let mut executor = Executor::survey(plan, store, &options)?;
    let known = executor.actions().len();
    let found = executor.consult(remote)?;
    executor.bring(true).map_err(|error| Failure::environment(&error))?;
    if let Some(trouble) = remote.failed_to_read() {
        return Err(failure(remote, &trouble));
    }
    let new = executor.actions().len() - known;
    Ok(Pulled { new, known, unusable: found - new.min(found), absent: executor.open() })
}

fn pull_all(remote: &Remote, store: &Store) -> Result<Pulled, Failure> {
    let told = |trouble: Trouble| failure(remote, &trouble);
    let mut pulled = Pulled::default();
    let actions = remote.actions().map_err(told)?;
    let absent: Vec<Digest> = actions.iter().copied().filter(|action| store.lookup(*action).is_err()).collect();
    pulled.known = actions.len() - absent.len();
    for batch in absent.chunks(BATCH) {
        let results = remote.records(batch).map_err(told)?;
        pulled.new += take(remote, store, &results)?;
    }
    pulled.unusable = absent.len() - pulled.new;
    Ok(pulled)
}

/// Fetches the blobs of results and publishes those that are whole. How many.
fn take(remote: &Remote, store: &Store, results: &BTreeMap<Digest, ActionResult>) -> Result<usize, Failure> {
    let fetched = remote.bring(store, results.values().flat_map(ActionResult::files).map(|(_, blob)| blob));
    let missing = fetched.map_err(|error| Failure::environment(&error))?.missing;
    if let Some(trouble) = remote.failed_to_read() {
        return Err(failure(remote, &trouble));
    }
    let is_whole = |result: &ActionResult| result.files().all(|(_, blob)| !missing.contains_key(&blob.digest));
    let whole: Vec<(Digest, &ActionResult)> =
        results.iter().filter(|(_, result)| is_whole(result)).map(|(action, result)| (*action, result)).collect();
    store.publish(&whole).into_iter().collect::<anyhow::Result<()>>()?;
    Ok(whole.len())
}

/// Shows in a terminal what has passed while `work` goes on.
fn watched<T>(remote: &Remote, work: impl FnOnce() -> T) -> T {
    const LOOK: Duration = Duration::from_millis(100);
    let (line, over) = (ProgressBar::new_spinner(), AtomicBool::new(false));
    let watch = || {
        while !over.load(Ordering::Relaxed) {
            let Tally { fetched_blobs, fetched_bytes, sent_blobs, sent_bytes, .. } = remote.tally();
            line.set_message(format!("{} blobs, {}", fetched_blobs + sent_blobs, size(fetched_bytes + sent_bytes)));
            line.tick();
            std::thread::sleep(LOOK);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(watch);
        let done = work();
        over.store(true, Ordering::Relaxed);
        line.finish_and_clear();
        done
    })
}

fn failure(remote: &Remote, trouble: &Trouble) -> Failure {
    Failure::environment(&remote.refusal(trouble))
}
