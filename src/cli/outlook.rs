//! What a run would do with each step, and why: the states of a survey, with the steps that wait traced to what they wait for.

use serde::Serialize;

use super::session::Session;
use crate::execute::{Executor, Reason, State};
use crate::plan::StepId;

/// What would happen to a step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outlook<'a> {
    /// Its result is there.
    Cached,
    /// It runs.
    Run(&'a Reason),
    /// Steps that it reads from come first; it may be spared if what they make is what they made before.
    Wait,
    /// It was not asked for.
    Left,
}

impl<'a> Outlook<'a> {
    pub(super) fn of(executor: &'a Executor<'_>, id: StepId) -> Self {
        match executor.state(id) {
            State::Done { .. } => Self::Cached,
            State::Ready { reason, .. } => Self::Run(reason),
            State::Left => Self::Left,
            _ => Self::Wait,
        }
    }

    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Run(_) => "run",
            Self::Wait => "wait",
            Self::Left => "left",
        }
    }
}

/// The first few steps that will run above each step that waits.
pub(super) struct Roots(Vec<Known>);

#[derive(Debug, Clone, Default)]
struct Known {
    few: Vec<StepId>,
    more: bool,
}

/// A step that will run, and why: what another one waits for in the end.
#[derive(Debug, Serialize)]
pub(super) struct Root {
    pub(super) step: String,
    pub(super) reason: String,
}

impl Roots {
    /// As many as are told of one step.
    const FEW: usize = 3;

    /// Of the whole plan, in one pass.
    pub(super) fn of(session: &Session, executor: &Executor<'_>) -> Self {
        let mut all: Vec<Known> = vec![];
        for id in session.plan.in_order() {
            let mut known = Known::default();
            match Outlook::of(executor, id) {
                Outlook::Run(_) => known.few.push(id),
                Outlook::Wait => session.plan.producers(id).for_each(|producer| known.merge(&all[producer.index()])),
                Outlook::Cached | Outlook::Left => {}
            }
            all.push(known);
        }
        Self(all)
    }

    /// Those above a step, and whether there are more.
    pub(super) fn above(&self, id: StepId) -> (&[StepId], bool) {
        let known = &self.0[id.index()];
        (&known.few, known.more)
    }
}

impl Known {
    fn merge(&mut self, other: &Self) {
        self.few.extend(&other.few);
        self.few.sort_unstable();
        self.few.dedup();
        self.more |= other.more || self.few.len() > Roots::FEW;
        self.few.truncate(Roots::FEW);
    }
}

/// All steps that will run above `id`, in the order of the plan.
pub(super) fn roots(session: &Session, executor: &Executor<'_>, id: StepId) -> Vec<StepId> {
    let (mut open, mut seen, mut found) = (vec![id], std::collections::BTreeSet::new(), vec![]);
    while let Some(id) = open.pop() {
        for producer in session.plan.producers(id).filter(|producer| seen.insert(*producer)) {
            match Outlook::of(executor, producer) {
                Outlook::Run(_) => found.push(producer),
                Outlook::Wait => open.push(producer),
                Outlook::Cached | Outlook::Left => {}
            }
        }
    }
    found.sort_unstable();
    found
}

/// A step that will run, with its reason in words.
pub(super) fn told(session: &Session, executor: &Executor<'_>, id: StepId) -> Root {
    let reason = match Outlook::of(executor, id) {
        Outlook::Run(reason) => reason.to_string(),
        _ => String::new(),
    };
    Root { step: session.plan.step(id).label.clone(), reason }
}

/// Labels of the steps that `id` reads from and that are not done.
pub(super) fn waits_on<'s>(session: &'s Session, executor: &Executor<'_>, id: StepId) -> Vec<&'s str> {
    let open = |producer: &StepId| !matches!(Outlook::of(executor, *producer), Outlook::Cached);
    let mut open: Vec<StepId> = session.plan.producers(id).filter(open).collect();
    open.sort_unstable();
    open.into_iter().map(|producer| session.plan.step(producer).label.as_str()).collect()
}
