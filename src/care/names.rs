//! What people call an action: the experiment and the label of a step that it was.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::history::Runs;
use crate::store::{Digest, Store};

/// Names by action.
#[derive(Debug)]
pub struct Names(BTreeMap<Digest, String>);

impl Names {
    /// From the journals of a cache and from what it remembers of each experiment.
    ///
    /// # Errors
    /// When journals cannot be listed; one that cannot be read names nothing.
    pub fn of(store: &Store) -> Result<Self> {
        let mut names = BTreeMap::new();
        for run in Runs::of(store).list()? {
            let actions = run.actions().unwrap_or_default();
            let experiment = &run.header().experiment;
            names.extend(actions.into_iter().map(|(step, action)| (action, format!("{experiment}: {step}"))));
        }
        for last in store.last_uses() {
            let experiment = last.experiment;
            names.extend(last.steps.into_iter().map(|(step, action)| (action, format!("{experiment}: {step}"))));
        }
        Ok(Self(names))
    }

    /// `mini: train[none-alexnet]`, or the kind and the first digits of the key where no run is known.
    pub fn name(&self, action: Digest, kind: &str) -> String {
        self.0.get(&action).cloned().unwrap_or_else(|| format!("{kind} {}", action.short()))
    }
}
