//! What has to run: each step's key against the cache, as soon as the contents of its inputs are known.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use rayon::prelude::*;

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
        let left = |id: StepId| options.wanted.get(id.index()).is_some_and(|wanted| !wanted);
        let states = plan.in_order().map(|id| if left(id) { State::Left } else { State::Waiting }).collect();
        let mut executor =
            Self { plan, store, options, states, held: Mutex::default(), remote: None, distant: BTreeMap::new() };
        let first = plan.in_order().filter(|&id| plan.producers(id).next().is_none()).collect();
        executor.resolve(first)?;
        Ok(executor)
    }

    /// Moves waiting steps on whose inputs are all known; where one turns out to be done, those that read it as well. Steps that do
    /// not stand on each other are looked up side by side.
    pub(super) fn resolve(&mut self, steps: Vec<StepId>) -> Result<()> {
        let mut wave = steps;
        while !wave.is_empty() {
            wave.retain(|id| matches!(self.state(*id), State::Waiting));
            let verdicts = self.verdicts(&wave)?;
            let mut done = vec![];
            for (id, verdict) in wave.iter().zip(verdicts) {
                let Some(state) = verdict else { continue };
                done.extend(matches!(state, State::Done { .. }).then_some(*id));
                self.states[id.index()] = state;
            }
            self.remember(&done);
            wave = done.iter().flat_map(|id| self.plan.readers(*id)).collect();
            wave.sort_unstable();
            wave.dedup();
        }
        Ok(())
    }

    fn verdicts(&self, wave: &[StepId]) -> Result<Vec<Option<State>>> {
        /// Fewer steps than this are looked up sooner than a second thread wakes.
        const FEW: usize = 32;
        let one = |id: &StepId| self.verdict(*id);
        if wave.len() < FEW { wave.iter().map(one).collect() } else { wave.par_iter().with_min_len(FEW / 2).map(one).collect() }
    }

    /// Where a step stands whose inputs are all known; `None` while one is not, or while what has to run must wait.
    pub(super) fn verdict(&self, id: StepId) -> Result<Option<State>> {
        let Some(digests) = self.input_digests(id)? else { return Ok(None) };
        let manifest = Manifest::new(self.plan.step(id), &digests);
        if self.options.forced.contains(&id) {
            return Ok((!self.is_held(id)).then_some(State::Ready { manifest, reason: Reason::Forced }));
        }
        let action = manifest.digest();
        Ok(match self.store.lookup(action) {
            Ok(known) => Some(State::Done { action, outputs: known.outputs, provenance: known.provenance, cached: true }),
            Err(miss) if self.is_held(id) => {
                self.lock_held().entry(id).or_insert(miss);
                None
            }
            Err(miss) => {
                let miss = self.lock_held().remove(&id).unwrap_or(miss);
                Some(State::Ready { reason: self.reason(id, &manifest, miss), manifest })
            }
        })
    }

    pub(super) fn lock_held(&self) -> MutexGuard<'_, HashMap<StepId, Miss>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a step that has to succeed first has not.
    fn is_held(&self, id: StepId) -> bool {
        self.plan.step(id).after.iter().any(|gate| !matches!(self.state(*gate), State::Done { .. }))
    }

    /// For later explanations; a run does not fail for want of them, and nobody remembers a survey without a name.
    pub(super) fn remember(&self, done: &[StepId]) {
        if self.options.experiment.is_empty() {
            return;
        }
        let action = |id: &StepId| match self.state(*id) {
            State::Done { action, .. } => Some((self.plan.step(*id).label.as_str(), *action)),
            _ => None,
        };
        if let Err(error) = self.store.set_latest_of(&self.options.experiment, done.iter().filter_map(action)) {
            tracing::warn!(error = format!("{error:#}"), "the actions of steps were not remembered");
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
