//! One step of a run, as it stood when the run began.

use serde::{Deserialize, Serialize};

use crate::execute::{Executor, State};
use crate::plan::{Plan, StepId};
use crate::store::Digest;

/// One line of `steps.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The step.
    pub step: String,
    /// Its kind.
    pub kind: String,
    /// Its key, where it had a usable result; events tell the keys of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Digest>,
    /// Numbers of the lines, from 0, of the steps that it reads from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub producers: Vec<usize>,
}

impl Entry {
    /// Of every step that the run was asked for, in the order of the plan.
    pub(super) fn all(plan: &Plan, executor: &Executor<'_>) -> Vec<Self> {
        let asked: Vec<StepId> = plan.in_order().filter(|&id| !matches!(executor.state(id), State::Left)).collect();
        let mut lines = vec![None; plan.len()];
        asked.iter().enumerate().for_each(|(line, id)| lines[id.index()] = Some(line));
        let entry = |&id: &StepId| {
            let mut producers: Vec<usize> = plan.producers(id).filter_map(|producer| lines[producer.index()]).collect();
            producers.sort_unstable();
            let action = match executor.state(id) {
                State::Done { action, .. } => Some(*action),
                _ => None,
            };
            let step = plan.step(id);
            Self { step: step.label.clone(), kind: step.kind.name.to_owned(), action, producers }
        };
        asked.iter().map(entry).collect()
    }
}
