//! `provenance.json`: for every step the key, the contents it made, and where and when they were made. It lies beside the report
//! and outside its digest, because times and hosts differ between runs that agree on every number.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Executor, State};
use crate::plan::Plan;
use crate::store::{Digest, Provenance};

#[derive(Serialize)]
struct Record {
    bgh: &'static str,
    experiment: String,
    seed: u64,
    steps: Vec<StepRecord>,
}

#[derive(Serialize)]
struct StepRecord {
    step: String,
    kind: &'static str,
    action: Digest,
    outputs: BTreeMap<String, Digest>,
    #[serde(flatten)]
    provenance: Provenance,
}

/// The record of a run whose steps are done.
///
/// # Errors
/// When the record does not serialise, which is a fault of `bgh`.
pub fn provenance(experiment: &str, seed: u64, plan: &Plan, run: &Executor<'_>) -> Result<String> {
    let mut steps = vec![];
    for id in plan.in_order() {
        let State::Done { action, outputs, provenance, .. } = run.state(id) else { continue };
        let step = plan.step(id);
        let outputs = outputs.iter().map(|(port, artifact)| (port.clone(), artifact.digest())).collect();
        let provenance = provenance.clone();
        steps.push(StepRecord { step: step.label.clone(), kind: step.kind.name, action: *action, outputs, provenance });
    }
    let record = Record { bgh: env!("CARGO_PKG_VERSION"), experiment: experiment.to_owned(), seed, steps };
    Ok(serde_json::to_string_pretty(&record).context("the provenance does not serialise")? + "\n")
}
