//! `bgh doctor`: what works here, said before a long run finds out.

use std::path::{Path, PathBuf};

use clap::Args;

use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::execute::{Devices, Machine, Worker};
use crate::site::Site;
use crate::stage::LIBTORCH;
use crate::store::Store;

/// Arguments of `bgh doctor`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to examine beside this machine: the cluster, with a test job
    #[arg(value_parser = ["slurm"])]
    what: Option<String>,

    /// Search for identifiers of the DICOM files below this folder, compressed or not, in the folders that `--in` names
    #[arg(long, value_name = "DIR", requires = "places")]
    phi: Option<PathBuf>,

    /// A folder to search: a cache, a report
    #[arg(long = "in", value_name = "DIR", requires = "phi")]
    places: Vec<PathBuf>,

    #[command(flatten)]
    site: SiteArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(folder) = &arguments.phi {
        return super::phi::examine(folder, &arguments.places);
    }
    let site = arguments.site.read()?;
    if arguments.what.is_some() {
        return super::cluster::examine(&site, &arguments.site.cache(&site));
    }
    let cache = cache(&arguments.site.cache(&site));
    let checks = [("worker", worker()), ("devices", devices(&site)), ("cache", cache), ("machine", Ok(machine(&site)))];
    for (name, outcome) in &checks {
        match outcome {
            Ok(fact) => outln!("ok    {name}: {fact}"),
            Err(fault) => outln!("FAULT {name}: {fault:#}"),
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

fn devices(site: &Site) -> anyhow::Result<String> {
    let devices = Devices::find("auto", site, Some(&Worker::find()?))?;
    let named = devices.all.iter().map(|device| format!("cuda:{} with {} MiB", device.index, device.memory_mib));
    let named: Vec<String> = named.collect();
    Ok(if named.is_empty() { "CPU only".to_owned() } else { named.join(", ") })
}

fn cache(folder: &Path) -> anyhow::Result<String> {
    let store = Store::open(folder)?;
    let probe = tempfile::NamedTempFile::new_in(store.root().join("tmp"))?;
    probe.as_file().sync_all()?;
    Ok(format!("{} can be written", store.root().display()))
}

fn machine(site: &Site) -> String {
    let cpus = site.jobs.unwrap_or_else(Machine::cores);
    let memory = site.memory_mib.or_else(Machine::memory).map_or_else(String::new, |mib| format!(", {mib} MiB of memory"));
    format!("{cpus} CPU slots{memory}")
}
