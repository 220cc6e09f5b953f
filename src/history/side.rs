//! One side of a comparison: what each step is made of and what it made, of a run or of a spec as it stands.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Run;
use crate::execute::{Executor, State};
use crate::plan::{Manifest, Plan};
use crate::store::{Artifact, Digest, Store};

/// Steps by label.
#[derive(Debug, Clone, Default)]
pub struct Side(pub(super) BTreeMap<String, Made>);

/// What is known of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    pub(super) kind: String,
    /// What is in its key; without the inputs where those are not known yet. None where nothing is known.
    pub(super) leaves: BTreeMap<String, String>,
    /// Names and contents of its inputs, as far as they were recorded.
    pub(super) inputs: BTreeMap<String, Artifact>,
    /// What it made; none where it has not, or where that is not known any more.
    pub(super) outputs: Option<BTreeMap<String, Artifact>>,
}

impl Side {
    /// What a run was made of and made, as far as the cache still tells.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn of_run(run: &Run, store: &Store) -> Result<Self> {
        let actions = run.actions()?;
        let made = |entry: super::Entry| {
            let made = actions.get(&entry.step).map_or_else(Made::default, |&action| Made::of(action, store));
            (entry.step, Made { kind: entry.kind, ..made })
        };
        Ok(Self(run.entries()?.into_iter().map(made).collect()))
    }

    /// What a spec means now, and what of it has been made.
    pub fn of_plan(plan: &Plan, executor: &Executor<'_>, store: &Store) -> Self {
        let made = |id| {
            let step = plan.step(id);
            let made = match executor.state(id) {
                State::Done { action, .. } => Made::of(*action, store),
                State::Ready { manifest, .. } => Made { leaves: manifest.leaves().clone(), ..Made::default() },
                _ => Made { leaves: Manifest::new(step, &BTreeMap::new()).leaves().clone(), ..Made::default() },
            };
            (step.label.clone(), Made { kind: step.kind.name.to_owned(), ..made })
        };
        Self(plan.in_order().map(made).collect())
    }

    /// The first artifact at `port` of a step of this kind.
    pub fn artifact(&self, kind: &str, port: &str) -> Option<&Artifact> {
        self.0.values().filter(|made| made.kind == kind).find_map(|made| made.outputs.as_ref()?.get(port))
    }

    /// Digests of everything that a step of this side made.
    pub(super) fn made(&self) -> BTreeSet<Digest> {
        self.0.values().flat_map(|made| made.outputs.iter().flat_map(BTreeMap::values)).map(Artifact::digest).collect()
    }
}

impl Made {
    fn of(action: Digest, store: &Store) -> Self {
        match store.read(action) {
            Ok(result) => {
                Self { kind: String::new(), leaves: result.manifest, inputs: result.inputs, outputs: Some(result.outputs) }
            }
            Err(_) => Self::default(),
        }
    }
}
