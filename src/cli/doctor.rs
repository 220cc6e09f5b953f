//! `bgh doctor`: what works here, said before a long run finds out.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure};
use crate::execute::{Device, Worker};
use crate::stage::LIBTORCH;
use crate::store::Store;

/// Arguments of `bgh doctor`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The artifact cache
    #[arg(long, env = "BGH_CACHE", default_value = "cache", value_name = "DIR")]
    cache: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let checks = [("worker", worker()), ("devices", devices()), ("cache", cache(arguments)), ("cores", Ok(cores()))];
    for (name, outcome) in &checks {
        match outcome {
            Ok(fact) => println!("ok    {name}: {fact}"),
            Err(fault) => println!("FAULT {name}: {fault:#}"),
        }
    }
    let healthy = checks.iter().all(|(_, outcome)| outcome.is_ok());
    if healthy { Ok(()) } else { Err(Failure::new(Exit::Environment, "")) }
}

fn worker() -> anyhow::Result<String> {
    let worker = Worker::find()?;
    let facts = worker.facts()?;
    anyhow::ensure!(
        facts.libtorch.starts_with(LIBTORCH),
        "{} is linked with libtorch {}; this bgh wants {LIBTORCH}",
        worker.path().display(),
        facts.libtorch
    );
    Ok(format!("{} with libtorch {}", worker.path().display(), facts.libtorch))
}

fn devices() -> anyhow::Result<String> {
    let devices = Device::choose("auto", &Worker::find()?)?;
    let named = devices.iter().map(|device| format!("cuda:{} with {} MiB", device.index, device.memory_mib));
    let named: Vec<String> = named.collect();
    Ok(if named.is_empty() { "CPU only".to_owned() } else { named.join(", ") })
}

fn cache(arguments: &Arguments) -> anyhow::Result<String> {
    let store = Store::open(&arguments.cache)?;
    let probe = tempfile::NamedTempFile::new_in(store.root().join("tmp"))?;
    probe.as_file().sync_all()?;
    Ok(format!("{} can be written", store.root().display()))
}

fn cores() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).to_string()
}
