//! `bgh cache export`: one run, or the results of one spec, as one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::super::past::{self, CacheArguments};
use super::super::session;
use super::super::{Exit, Failure};
use super::amount::size;
use crate::care::bundle::Export;
use crate::execute::{Executor, Options, State};
use crate::history::{Run, Runs};
use crate::plan::{Discreet, Input, Key, Plan};
use crate::spec::{self, ScoreSource, Spec};
use crate::store::{Digest, Store};

/// Arguments of `bgh cache export`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A spec, or a run by its name, the beginning of it, or `last`
    what: String,

    /// The bundle
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    cache: CacheArguments,

    /// Take the source files along; they must lie below the folder of the spec
    #[arg(long)]
    with_sources: bool,

    /// One JSON object: `experiment`, `run`, `records`, `blobs`, `sources`, `bytes`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = arguments.cache.store()?;
    let path = Path::new(&arguments.what);
    let mut export = if path.is_file() { of_spec(&store, path)? } else { of_run(&store, &arguments.what)? };
    if arguments.with_sources {
        let spec = if path.is_file() { path.to_owned() } else { spec_of(&past::find(&Runs::of(&store), &arguments.what)?) };
        let folder = spec.parent().unwrap_or(Path::new("")).to_owned();
        export = export.with_sources(&folder, sources(&spec, &store)?).map_err(refused)?;
        // Who takes the exams along takes their places along; what finds them has to be in the spec.
        let (read, _, key) = planned(&spec, &store)?;
        let own = spec::resolved(&spec, &[]).unwrap_or_default();
        export = export.with_spec(|text| Discreet::of(&read, key).revealed(&text, &own));
    }
    let bytes = export.write(&arguments.output).map_err(|error| Failure::environment(&error))?;
    let contents = export.contents();
    let (records, blobs, sources) = (contents.records.len(), contents.blobs.len(), contents.sources.len());
    if arguments.json {
        let (experiment, run) = (&contents.experiment, &contents.run);
        let answer = json!({"experiment": experiment, "run": run, "records": records, "blobs": blobs, "sources": sources, "bytes": bytes});
        outln!("{answer}");
    } else {
        outln!("{records} results, {blobs} blobs, {sources} source files · {} · {}", size(bytes), arguments.output.display());
    }
    Ok(())
}

fn of_run<'a>(store: &'a Store, name: &str) -> Result<Export<'a>, Failure> {
    let run = past::find(&Runs::of(store), name)?;
    Export::of_run(store, &run).map_err(refused)
}

fn of_spec<'a>(store: &'a Store, path: &Path) -> Result<Export<'a>, Failure> {
    let (spec, plan, key) = planned(path, store)?;
    let options = Options::default();
    let executor = Executor::survey(&plan, store, &options)?;
    let mut steps: BTreeMap<String, Digest> = BTreeMap::new();
    for id in plan.in_order() {
        let State::Done { action, .. } = executor.state(id) else { continue };
        steps.insert(plan.step(id).label.clone(), *action);
    }
    if steps.len() < plan.len() {
        let fact = format!("error: {} of {} steps have no result in the cache", plan.len() - steps.len(), plan.len());
        return Err(Failure::new(Exit::Stage, format!("{fact}\n  hint: `bgh run` computes what is missing")));
    }
    let text = Discreet::of(&spec, key).spec(&spec::resolved(path, &[]).unwrap_or_default());
    Export::of_results(store, &spec.name, text, steps).map_err(refused)
}

fn planned(path: &Path, store: &Store) -> Result<(Spec, Plan, Key), Failure> {
    let spec = spec::load(path, &[])?;
    let key = session::key(&spec, store.root())?;
    let plan = session::planned(&spec, &key)?;
    Ok((spec, plan, key))
}

fn spec_of(run: &Run) -> PathBuf {
    run.header().folder.join(&run.header().spec)
}

/// Every file that the spec names, apart from those that it extends: those are laid into its text.
fn sources(spec: &Path, store: &Store) -> Result<Vec<PathBuf>, Failure> {
    let (spec, plan, _) = planned(spec, store)?;
    let inputs = plan.in_order().flat_map(|id| plan.step(id).inputs.values());
    let files = inputs.filter_map(|input| match input {
        Input::Source(files) => Some(files.iter().map(|(_, path)| path.to_owned()).collect::<Vec<_>>()),
        Input::Output { .. } => None,
    });
    let mut paths: Vec<PathBuf> = files.flatten().collect();
    if let Some(study) = &spec.study {
        paths.extend(study.cohort.folders().map(|folder| folder.labels.clone()));
        paths.extend(study.explain.iter().filter_map(|explain| explain.marks.clone()));
        paths.extend(study.readers.iter().filter_map(|reader| match &reader.source {
            ScoreSource::File(path) => Some(path.clone()),
            ScoreSource::Stage { .. } => None,
        }));
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn refused(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Stage, format!("error: {error:#}"))
}
