//! What has to run: each step's key against the cache, as soon as the contents of its inputs are known.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Executor, Options, Reason, State};
use crate::plan::{Input, Manifest, Plan, StepId};
use crate::store::{Artifact, Digest, Miss, Store};

impl<'a> Executor<'a> {
    /// Compares the plan with the cache: afterwards every step is done, ready with a reason, waiting for one that is not done,
    /// or left out.
    ///
    /// # Errors
    /// When a source file cannot be read.
    pub fn survey(plan: &'a Plan, store: &'a Store, options: &'a Options) -> Result<Self> {
        let states = vec![State::Waiting; plan.len()];
        let mut executor = Self { plan, store, options, states };
        for id in plan.in_order() {
            if options.wanted.get(id.index()).is_some_and(|wanted| !wanted) {
                executor.states[id.index()] = State::Left;
            } else {
                executor.resolve(id)?;
            }
        }
        Ok(executor)
    }

    /// Moves a waiting step on if all its inputs are known.
    pub(super) fn resolve(&mut self, id: StepId) -> Result<()> {
        if !matches!(self.state(id), State::Waiting) {
            return Ok(());
        }
        let Some(digests) = self.input_digests(id)? else { return Ok(()) };
        let manifest = Manifest::new(self.plan.step(id), &digests);
        let action = manifest.digest();
        let next = if self.options.forced.contains(&id) {
            State::Ready { manifest, reason: Reason::Forced }
        } else {
            match self.store.lookup(action) {
                Ok(known) => State::Done { action, outputs: known.outputs, provenance: known.provenance, cached: true },
                Err(miss) => State::Ready { reason: self.reason(id, &manifest, miss), manifest },
            }
        };
        if let State::Done { action, .. } = next {
            self.remember(&self.plan.step(id).label, action);
        }
        self.states[id.index()] = next;
        Ok(())
    }

    /// For later explanations; a run does not fail for want of them.
    pub(super) fn remember(&self, label: &str, action: Digest) {
        if let Err(error) = self.store.set_latest(&self.options.experiment, label, action) {
            tracing::warn!(step = label, error = format!("{error:#}"), "the step's action was not remembered");
        }
    }

    fn reason(&self, id: StepId, manifest: &Manifest, miss: Miss) -> Reason {
        let label = &self.plan.step(id).label;
        match self.store.latest(&self.options.experiment, label) {
            Some(earlier) if miss == Miss::NeverRun => {
                let changes = manifest.changes_since(&earlier);
                if changes.is_empty() { Reason::Miss(miss) } else { Reason::Changed(changes) }
            }
            _ => Reason::Miss(miss),
        }
    }

    /// Digests of all inputs; `None` while one is not known.
    pub(super) fn input_digests(&self, id: StepId) -> Result<Option<BTreeMap<String, Digest>>> {
        let mut digests = BTreeMap::new();
        for (port, input) in &self.plan.step(id).inputs {
            let digest = match input {
                Input::Output { step, port } => self.output(*step, port).map(Artifact::digest),
                Input::Source(files) => Some(self.store.digest_files(files)?.digest()),
            };
            let Some(digest) = digest else { return Ok(None) };
            digests.insert(port.clone(), digest);
        }
        Ok(Some(digests))
    }
}
