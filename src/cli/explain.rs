//! `bgh explain`: why a step ran or would run, cause by cause, and for one that waits what it waits for in the end.

use clap::Args;
use serde_json::{Value, json};

use super::outlook::{self, Outlook};
use super::session::{Session, SpecArguments};
use super::{Failure, lines};
use crate::execute::{Executor, Options, Reason, State};
use crate::plan::{Cause, StepId};

/// Arguments of `bgh explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// The step, by label (`train[…]`) or kind (`train`)
    step: String,

    /// One JSON object a step: `step`, `kind`, `state` (cached, run, wait), `action`, `made` (when and where, of a cached one),
    /// `causes` (objects with a `type`, see `bgh plan --help`; inputs name their files), `waits_on` (steps) and `roots` (every step
    /// that will run above it, with its reason)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.experiment.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    let steps = session.matching(&arguments.step)?;
    if arguments.json {
        return lines::print(steps.into_iter().map(|id| row(&session, &executor, id).to_string()));
    }
    lines::print(steps.into_iter().flat_map(|id| told(&session, &executor, id)))
}

fn told(session: &Session, executor: &Executor<'_>, id: StepId) -> Vec<String> {
    let label = &session.plan.step(id).label;
    match executor.state(id) {
        State::Done { action, provenance, .. } => {
            vec![format!("{label}: cached, action {} ({:.1} s on {})", action.short(), provenance.seconds, provenance.host)]
        }
        State::Ready { reason: Reason::Changed(changes), .. } => {
            let head = format!("{label}: will run, because since its last run");
            let causes: Vec<Cause> = changes.iter().map(Cause::from).collect();
            [head].into_iter().chain(causes.iter().flat_map(in_full)).collect()
        }
        State::Ready { reason, .. } => vec![format!("{label}: will run ({reason})")],
        State::Left => vec![format!("{label}: not asked for")],
        _ => waits(session, executor, id),
    }
}

/// A cause on lines of its own, with every file of an input.
fn in_full(cause: &Cause) -> Vec<String> {
    match cause {
        Cause::Input { port, files, .. } if files.len() > 1 => {
            let head = format!("  input {port}: {} files", files.len());
            [head].into_iter().chain(files.iter().map(|file| format!("    {file}"))).collect()
        }
        cause => lines::wrapped(&format!("  {cause}"), "    "),
    }
}

fn waits(session: &Session, executor: &Executor<'_>, id: StepId) -> Vec<String> {
    let label = &session.plan.step(id).label;
    let mut text = lines::wrapped(&format!("{label}: waits on {}", listed(&outlook::waits_on(session, executor, id))), "  ");
    let mut reasons: Vec<(String, Vec<String>)> = vec![];
    for root in outlook::roots(session, executor, id) {
        let outlook::Root { step, reason } = outlook::told(session, executor, root);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, steps)) => steps.push(step),
            None => reasons.push((reason, vec![step])),
        }
    }
    for (reason, steps) in &reasons {
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        text.extend(lines::wrapped(&format!("  because of {}: {reason}", listed(&steps)), "    "));
    }
    text.push("  it is spared if its inputs come out as they were".to_owned());
    text
}

/// The first few names and how many more there are.
fn listed(names: &[&str]) -> String {
    const NAMED: usize = 4;
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn row(session: &Session, executor: &Executor<'_>, id: StepId) -> Value {
    let (outlook, step) = (Outlook::of(executor, id), session.plan.step(id));
    let (action, made) = match executor.state(id) {
        State::Done { action, provenance, .. } => (Some(*action), Some(provenance)),
        State::Ready { manifest, .. } => (Some(manifest.digest()), None),
        _ => (None, None),
    };
    let causes = if let Outlook::Run(reason) = outlook { reason.causes() } else { vec![] };
    let is_waiting = matches!(outlook, Outlook::Wait);
    let on = if is_waiting { outlook::waits_on(session, executor, id) } else { vec![] };
    let roots = if is_waiting { outlook::roots(session, executor, id) } else { vec![] };
    let roots: Vec<_> = roots.into_iter().map(|root| outlook::told(session, executor, root)).collect();
    json!({"step": step.label, "kind": step.kind.name, "state": outlook.word(), "action": action, "made": made, "causes": causes,
        "waits_on": on, "roots": roots})
}
