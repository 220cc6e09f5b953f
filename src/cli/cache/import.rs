//! `bgh cache import`: takes a bundle in.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::past::CacheArguments;
use super::super::{Exit, Failure};
use crate::care::bundle::Import;
use crate::store::Store;

/// Arguments of `bgh cache import`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The bundle
    bundle: PathBuf,

    #[command(flatten)]
    cache: CacheArguments,

    /// Also write the spec, and the source files if the bundle has them, into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,

    /// One JSON object: `experiment`, `run`, `new` and `known` results, `spec`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = Store::open(&arguments.cache.folder()?).map_err(|error| Failure::environment(&error))?;
    if store.is_read_only() {
        return Err(Failure::new(Exit::Environment, format!("error: {} cannot be written to", store.root().display())));
    }
    let import = Import::open(&store, &arguments.bundle).map_err(refused)?;
    let spec = arguments.to.as_deref().map(|folder| import.lay_out(folder)).transpose().map_err(refused)?;
    let contents = import.contents().clone();
    let taken = import.take_in(&store).map_err(|error| Failure::environment(&error))?;
    store.save().map_err(anyhow::Error::from)?;
    if arguments.json {
        let (experiment, run) = (&contents.experiment, &contents.run);
        outln!("{}", json!({"experiment": experiment, "run": run, "new": taken.new, "known": taken.known, "spec": spec}));
        return Ok(());
    }
    let what = contents.run.map_or_else(|| contents.experiment.clone(), |run| format!("run {run} of {}", contents.experiment));
    outln!("{what}: {} results taken in, {} were there", taken.new, taken.known);
    match spec {
        Some(spec) => outln!("{}", spec.display()),
        None => outln!("hint: --to DIR also writes the spec"),
    }
    Ok(())
}

fn refused(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Cache, format!("error: {error:#}\n  hint: nothing was taken in"))
}
