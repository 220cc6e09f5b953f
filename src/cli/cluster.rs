//! `bgh doctor slurm`: what the cluster says of itself, and whether a job of this site file runs.

use std::time::Duration;

use super::{Exit, Failure};
use crate::execute::probe;
use crate::site::Site;
use crate::slurm::{Cluster, Controller, Facts};
use crate::store::Store;

/// How long the test job may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) fn examine(site: &Site, cache: &std::path::Path) -> Result<(), Failure> {
    let cluster = Cluster::new(site.slurm.clone());
    let facts = Facts::ask(&Controller::new(site.slurm.job.plain.get("--clusters").map(String::as_str)));
    let facts = facts.map_err(|error| Failure::environment(&error))?;
    tell(&facts, site);
    let store = Store::open(cache).map_err(|error| Failure::environment(&error))?;
    match probe(&cluster, &store, PATIENCE, |news| outln!("      test job: {news}")) {
        Ok((node, seconds)) => {
            outln!("ok    test job: {node} ran it and wrote to {}; {seconds:.1} s in all", store.root().display());
            Ok(())
        }
        Err(error) => {
            outln!("FAULT test job: {error:#}");
            Err(Failure::new(Exit::Environment, ""))
        }
    }
}

fn tell(facts: &Facts, site: &Site) {
    outln!("ok    slurm: {}", facts.version);
    facts.partitions.iter().for_each(|partition| outln!("ok    partition {partition}"));
    let accounts = if facts.accounts.is_empty() { "none to name".to_owned() } else { facts.accounts.join(", ") };
    outln!("ok    accounts: {accounts}");
    let memory = facts.memory.map_or_else(|| "for a while".to_owned(), |seconds| format!("for {seconds} s"));
    let known =
        if facts.accounting { ", then in the accounts" } else { "; there are no accounts, so poll well within that time" };
    outln!("ok    ended jobs: known to the queue {memory}{known}");
    if let Some(elements) = facts.array {
        outln!(
            "ok    arrays: up to {elements} elements; bgh makes them of {} at most",
            site.slurm.array_most.min(elements as usize)
        );
    }
    let venue = if site.slurm.is_used() {
        "steps run there as the site file says"
    } else {
        "no step runs there: `executor` is not \"slurm\""
    };
    outln!("ok    site file: {venue}");
}
