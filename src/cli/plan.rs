//! `bgh plan`: what a run would do with each step, and why.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::outlook::{self, Outlook, Roots};
use super::session::{Session, SpecArguments};
use super::{Failure, lines};
use crate::execute::{Executor, Learned, Options};
use crate::plan::StepId;

/// Arguments of `bgh plan`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// One JSON object a step: `step`, `kind`, `state` (cached, run, wait), `reason` in words, `causes` (objects with a `type`:
    /// forced, never_run, result_removed, record_damaged, blob_missing, blob_damaged, kind, kind_version, libtorch, seed, parameter,
    /// input), `waits_on` (steps), `roots` (the first steps that will run above it, each with its reason) and `seconds` (what it, or
    /// its like, took before; null where its kind never ran)
    #[arg(long)]
    json: bool,

    /// A line for every step, cached ones too
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.spec.name.clone(), ..Options::default() };
    let mut executor = Executor::survey(&session.plan, &session.store, &options)?;
    session.consult(&mut executor)?;
    if arguments.json {
        let (roots, learned) = (Roots::of(&session, &executor), Learned::open(&session.store));
        let rows = session.plan.in_order().map(|id| row(&session, &executor, &roots, &learned, id).to_string());
        return lines::print(rows);
    }
    print(&session, &executor, arguments.all)
}

/// What a run would do, for people.
pub(super) fn print(session: &Session, executor: &Executor<'_>, all: bool) -> Result<(), Failure> {
    let roots = Roots::of(session, executor);
    let mut text = if all { every(session, executor, &roots) } else { grouped(session, executor, &roots) };
    text.push(totals(session, executor));
    lines::print(text)
}

fn every(session: &Session, executor: &Executor<'_>, roots: &Roots) -> Vec<String> {
    let line = |id: StepId| {
        let (word, why) = (Outlook::of(executor, id).word(), why(session, executor, roots, id));
        let label = &session.plan.step(id).label;
        lines::fit(&if why.is_empty() { format!("{word:6}  {label}") } else { format!("{word:6}  {label}  ({why})") })
    };
    session.plan.in_order().map(line).collect()
}

/// Steps of one kind that share state and reason.
struct Group<'a> {
    word: &'static str,
    kind: &'a str,
    /// Label, and why.
    steps: Vec<(&'a str, String)>,
}

/// One line where many steps share one reason.
fn grouped(session: &Session, executor: &Executor<'_>, roots: &Roots) -> Vec<String> {
    let mut groups: Vec<Group<'_>> = vec![];
    let mut places: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    for id in session.plan.in_order() {
        let (outlook, step) = (Outlook::of(executor, id), session.plan.step(id));
        if matches!(outlook, Outlook::Cached | Outlook::Left) {
            continue;
        }
        let (word, why) = (outlook.word(), why(session, executor, roots, id));
        // What steps of one kind wait for differs by name alone: it is told of the first.
        let key = (word, step.kind.name, if matches!(outlook, Outlook::Wait) { String::new() } else { why.clone() });
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Group { word, kind: step.kind.name, steps: vec![] });
            groups.len() - 1
        });
        groups[place].steps.push((&step.label, why));
    }
    groups.iter().flat_map(Group::lines).collect()
}

impl Group<'_> {
    fn lines(&self) -> Vec<String> {
        const NAMED: usize = 4;
        let Self { word, kind, steps } = self;
        let line = |what: &str, why: &str| lines::wrapped(&format!("{word:6}  {what}  ({why})"), "          ");
        match steps.as_slice() {
            few if few.len() <= NAMED => few.iter().flat_map(|(step, why)| line(step, why)).collect(),
            many => {
                let first = if *word == "wait" { "the first " } else { "" };
                line(&format!("{kind} × {}", many.len()), &format!("{first}{}", many[0].1))
            }
        }
    }
}

/// Why a step runs or what it waits for, in words.
fn why(session: &Session, executor: &Executor<'_>, roots: &Roots, id: StepId) -> String {
    match Outlook::of(executor, id) {
        Outlook::Run(reason) => reason.to_string(),
        Outlook::Wait => {
            let on = outlook::waits_on(session, executor, id);
            let more = if on.len() > 1 { format!(" and {} more", on.len() - 1) } else { String::new() };
            let first = on.first().copied().unwrap_or_default();
            match roots.above(id).0.first().map(|&root| &session.plan.step(root).label) {
                Some(root) if root != first => format!("on {first}{more}, for {root}"),
                _ => format!("on {first}{more}"),
            }
        }
        Outlook::Cached | Outlook::Left => String::new(),
    }
}

fn totals(session: &Session, executor: &Executor<'_>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    session.plan.in_order().for_each(|id| *counts.entry(Outlook::of(executor, id).word()).or_default() += 1);
    let said: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let spared =
        if counts.contains_key("wait") { "; one that waits is spared if its inputs come out as they were" } else { "" };
    let forecast = super::forecast::line(session, executor).map_or_else(String::new, |line| format!("\n{line}"));
    format!("{} steps: {}{spared}{forecast}", session.plan.len(), said.join(", "))
}

fn row(session: &Session, executor: &Executor<'_>, roots: &Roots, learned: &Learned, id: StepId) -> Value {
    let (outlook, step) = (Outlook::of(executor, id), session.plan.step(id));
    let causes = if let Outlook::Run(reason) = outlook { reason.causes() } else { vec![] };
    let on = if matches!(outlook, Outlook::Wait) { outlook::waits_on(session, executor, id) } else { vec![] };
    let above = if matches!(outlook, Outlook::Wait) { roots.above(id).0 } else { &[] };
    let above: Vec<_> = above.iter().map(|&root| outlook::told(session, executor, root)).collect();
    let why = why(session, executor, roots, id);
    json!({"step": step.label, "kind": step.kind.name, "state": outlook.word(), "reason": why, "causes": causes, "waits_on": on,
        "roots": above, "seconds": learned.seconds(step)})
}
