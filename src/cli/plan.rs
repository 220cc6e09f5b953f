//! `bgh plan`: each step is cached, will run (and why), or waits.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::Failure;
use super::session::{Session, SpecArguments};
use crate::execute::{Executor, Options, State};
use crate::plan::StepId;

/// Arguments of `bgh plan`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// One JSON object a step: step, kind, state (cached, run, wait), reason
    #[arg(long)]
    json: bool,

    /// List every step, cached ones too
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.experiment.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    if arguments.json {
        print_json(&session, &executor)
    } else {
        print(&session, &executor, arguments.all)
    }
    Ok(())
}

/// A line a step that is not cached, steps of one kind that only wait told together.
pub(super) fn print(session: &Session, executor: &Executor<'_>, all: bool) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in session.plan.in_order() {
        let (state, why) = verdict(session, executor, id);
        *counts.entry(state).or_default() += 1;
        if state != "cached" || all {
            println!("{state:6}  {}{}", session.plan.step(id).label, if why.is_empty() { why } else { format!("  ({why})") });
        }
    }
    let said: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    println!("{} steps: {}", session.plan.len(), said.join(", "));
    if let Some(line) = super::forecast::line(session, executor) {
        println!("{line}");
    }
}

fn print_json(session: &Session, executor: &Executor<'_>) {
    for id in session.plan.in_order() {
        let (state, why) = verdict(session, executor, id);
        let step = session.plan.step(id);
        println!("{}", json!({"step": step.label, "kind": step.kind.name, "state": state, "reason": why}));
    }
}

fn verdict(session: &Session, executor: &Executor<'_>, id: StepId) -> (&'static str, String) {
    match executor.state(id) {
        State::Done { .. } => ("cached", String::new()),
        State::Ready { reason, .. } => ("run", reason.to_string()),
        State::Left => ("left", String::new()),
        _ => ("wait", waits_on(session, executor, id)),
    }
}

fn waits_on(session: &Session, executor: &Executor<'_>, id: StepId) -> String {
    let open = |producer: &StepId| !matches!(executor.state(*producer), State::Done { .. });
    let open: Vec<&str> =
        session.plan.producers(id).filter(open).map(|producer| session.plan.step(producer).label.as_str()).collect();
    match open.as_slice() {
        [first] => format!("on {first}"),
        [first, rest @ ..] => format!("on {first} and {} more", rest.len()),
        [] => String::new(),
    }
}
