//! `ro-crate-metadata.json`: the report as a research object that repositories read (RO-Crate 1.1, Workflow Run Crate 0.5). The spec
//! is the workflow, every step an action with its start, its end, its inputs and outputs by digest, and every file of the report a
//! file with its digest. Like `provenance.json` it lies beside the report and outside its digest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::publish::SPEC;
use super::{Executor, State};
use crate::plan::{Input, Plan, StepId};
use crate::store::{Artifact, Provenance};

const PROFILES: [&str; 4] = [
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    "https://w3id.org/ro/crate/1.1",
];

/// What the crate is called and says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Short name of the experiment.
    pub name: &'a str,
    /// Title of the report.
    pub title: &'a str,
}

/// The metadata of the report `report` of a run whose steps are done.
///
/// # Errors
/// When the record does not serialise, which is a fault of `bgh`.
pub fn ro_crate(about: About<'_>, report: &Artifact, plan: &Plan, run: &Executor<'_>) -> Result<String> {
    let steps: Vec<Value> = plan.in_order().filter_map(|id| action(plan, run, id)).collect();
    let times: Vec<(u64, u64)> = plan.in_order().filter_map(|id| done(run, id)).map(|made| span(made.1)).collect();
    let first = times.iter().map(|(start, _)| *start).min().unwrap_or_default();
    let last = times.iter().map(|(_, end)| *end).max().unwrap_or_default();
    let kinds: BTreeMap<&str, u32> =
        plan.in_order().map(|id| plan.step(id).kind).map(|kind| (kind.name, kind.version)).collect();
    let mut graph = vec![descriptor(), root(about, report, &steps, last), workflow(about), language(), engine()];
    graph.push(whole(about, first, last));
    graph.extend(report.0.iter().map(|(name, blob)| file(name, &blob.digest.hex(), blob.size)));
    graph
        .push(json!({"@id": super::PROVENANCE, "@type": "File", "name": "Digests, machines, devices and times of every step"}));
    graph.extend(kinds.iter().map(|(name, version)| kind(name, *version)));
    graph.extend(artifacts(plan, run));
    graph.extend(steps);
    let document = json!({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph});
    Ok(serde_json::to_string_pretty(&document).context("the metadata of the crate do not serialise")? + "\n")
}

fn descriptor() -> Value {
    json!({
        "@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
        "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"}],
    })
}

fn root(about: About<'_>, report: &Artifact, steps: &[Value], published: u64) -> Value {
    let files = report.0.keys().map(String::as_str).chain([SPEC, super::PROVENANCE]);
    let parts: Vec<Value> = files.map(reference).collect();
    let actions: Vec<Value> =
        std::iter::once(reference("#run")).chain(steps.iter().map(|step| json!({"@id": step["@id"]}))).collect();
    json!({
        "@id": "./", "@type": "Dataset", "name": about.title, "datePublished": time(published),
        "description": format!("Report of the experiment {}: tables, figures, scores, and how they were made.", about.name),
        "conformsTo": PROFILES.map(reference), "mainEntity": {"@id": SPEC}, "hasPart": parts, "mentions": actions,
    })
}

fn workflow(about: About<'_>) -> Value {
    json!({
        "@id": SPEC, "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"], "encodingFormat": "application/toml",
        "name": format!("Spec of the experiment {}", about.name), "programmingLanguage": {"@id": "#spec"},
    })
}

fn language() -> Value {
    json!({"@id": "#spec", "@type": "ComputerLanguage", "name": "Spec of bgh", "version": env!("CARGO_PKG_VERSION")})
}

fn engine() -> Value {
    json!({"@id": "#bgh", "@type": "SoftwareApplication", "name": "bgh", "version": env!("CARGO_PKG_VERSION")})
}

fn whole(about: About<'_>, first: u64, last: u64) -> Value {
    json!({
        "@id": "#run", "@type": "CreateAction", "name": format!("Run of {}", about.name), "instrument": {"@id": SPEC},
        "startTime": time(first), "endTime": time(last), "result": [{"@id": "report.html"}],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    })
}

fn kind(name: &str, version: u32) -> Value {
    json!({"@id": format!("#kind-{name}"), "@type": "SoftwareApplication", "name": name, "version": version.to_string()})
}

fn file(name: &str, digest: &str, size: u64) -> Value {
    json!({
        "@id": name, "@type": "File", "contentSize": size.to_string(), "encodingFormat": format(name),
        "identifier": format!("blake3:{digest}"),
    })
}

fn format(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html",
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("tex") => "application/x-tex",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("pdf") => "application/pdf",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _ => "application/octet-stream",
    }
}

/// What a step read and made, where and when.
fn action(plan: &Plan, run: &Executor<'_>, id: StepId) -> Option<Value> {
    let (outputs, provenance) = done(run, id)?;
    let step = plan.step(id);
    let inputs: BTreeSet<String> = step.inputs.values().filter_map(|input| read(run, input)).collect();
    let (start, end) = span(provenance);
    Some(json!({
        "@id": format!("#step-{}", step.label), "@type": "CreateAction", "name": step.label,
        "instrument": {"@id": format!("#kind-{}", step.kind.name)},
        "object": inputs.iter().map(|input| reference(input)).collect::<Vec<_>>(),
        "result": outputs.values().map(|made| reference(&address(made))).collect::<Vec<_>>(),
        "startTime": time(start), "endTime": time(end),
        "description": format!("On {} ({}), by bgh {}.", provenance.host, provenance.device, provenance.bgh),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }))
}

fn read(run: &Executor<'_>, input: &Input) -> Option<String> {
    let Input::Output { step, port } = input else { return None };
    done(run, *step)?.0.get(port).map(address)
}

/// Every artifact that a step made; they stay in the cache, and their digests name them.
fn artifacts(plan: &Plan, run: &Executor<'_>) -> Vec<Value> {
    let made = plan.in_order().filter_map(|id| done(run, id)).flat_map(|(outputs, _)| outputs.iter());
    let told: BTreeMap<String, Value> = made.map(|(port, artifact)| (address(artifact), entity(port, artifact))).collect();
    told.into_values().collect()
}

fn entity(port: &str, artifact: &Artifact) -> Value {
    json!({
        "@id": address(artifact), "@type": "CreativeWork", "name": port, "size": format!("{} bytes", artifact.size()),
        "identifier": format!("blake3:{}", artifact.digest().hex()),
    })
}

fn address(artifact: &Artifact) -> String {
    format!("#artifact-{}", artifact.digest().hex())
}

fn done<'r>(run: &'r Executor<'_>, id: StepId) -> Option<(&'r BTreeMap<String, Artifact>, &'r Provenance)> {
    let State::Done { outputs, provenance, .. } = run.state(id) else { return None };
    Some((outputs, provenance))
}

/// First and last second.
fn span(provenance: &Provenance) -> (u64, u64) {
    (provenance.started, provenance.started + provenance.seconds.max(0.0).ceil() as u64)
}

fn time(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default();
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn reference(id: &str) -> Value {
    json!({"@id": id})
}
