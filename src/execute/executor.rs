//! A plan, what is known of each of its steps, and what the user decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, mpsc};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::pool::Pools;
use super::scheduler::{Floor, Scheduler};
use super::{Event, Failure, Interrupt, Learned, Listener, Machine, State};
use crate::artifact::Files;
use crate::plan::{Input, Plan, StepId};
use crate::remote::{Remote, Uploader};
use crate::site::{BackOff, Patience};
use crate::stage::Needs;
use crate::store::{ActionResult, Artifact, Committer, Miss, Store};

/// What the user decides about a run; none of it is part of a key.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the experiment, under which the last action of each step is remembered; empty where nothing is to be.
    pub experiment: String,
    /// Whether branches that do not stand on a failed step go on.
    pub keep_going: bool,
    /// Steps that run even if they are cached.
    pub forced: BTreeSet<StepId>,
    /// Steps that run twice and have to give the same bytes.
    pub twice: BTreeSet<StepId>,
    /// Steps to leave out; empty for none.
    pub wanted: Vec<bool>,
    /// Retries and time limits of steps that have none of their own, by kind.
    pub patience: BTreeMap<String, Patience>,
    /// How long to wait before another attempt.
    pub back_off: BackOff,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Steps in the run.
    pub steps: usize,
    /// Steps whose results were there before.
    pub cached: usize,
    /// Steps that ran to success.
    pub ran: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps that stand on a failed one, or were not started any more.
    pub not_run: usize,
    /// Whether the user interrupted.
    pub interrupted: bool,
}

/// One run of one plan.
pub struct Executor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) store: &'a Store,
    pub(super) options: &'a Options,
    pub(super) states: Vec<State>,
    /// Why a step that waits for its gate has no result. A damaged blob is removed when it is found, so a second look would find less.
    pub(super) held: Mutex<HashMap<StepId, Miss>>,
    /// A cache that others share, where there is one.
    pub(super) remote: Option<&'a Remote>,
    /// Steps whose result is known from there and not all here.
    pub(super) distant: BTreeMap<StepId, ActionResult>,
}

impl<'a> Executor<'a> {
    /// Where a step stands.
    pub fn state(&self, id: StepId) -> &State {
        &self.states[id.index()]
    }

    /// How many steps have no result yet.
    pub fn open(&self) -> usize {
        self.count(|state| matches!(state, State::Ready { .. } | State::Waiting))
    }

    /// Whether a step that is not done, or may have to run, needs the worker.
    pub fn needs_worker(&self) -> bool {
        self.unfinished().any(|id| self.plan.step(id).kind.is_worker())
    }

    /// Whether a step that is not done, or may have to run, can use an accelerator.
    pub fn wants_devices(&self) -> bool {
        self.unfinished().any(|id| self.plan.step(id).needs.device_mib.is_some())
    }

    /// Steps that will run or may have to.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = StepId> + '_ {
        self.plan.in_order().filter(|id| matches!(self.state(*id), State::Ready { .. } | State::Waiting))
    }

    /// The artifact that a done step has at `port`.
    pub fn output(&self, id: StepId, port: &str) -> Option<&Artifact> {
        match self.state(id) {
            State::Done { outputs, .. } => outputs.get(port),
            _ => None,
        }
    }

    /// What the step takes to run, with the site's patience where it has none of its own.
    pub(super) fn needs(&self, id: StepId) -> Needs {
        let step = self.plan.step(id);
        match self.options.patience.get(step.kind.name) {
            Some(patience) => patience.for_needs(step.needs),
            None => step.needs,
        }
    }

    /// Runs everything that is not done.
    ///
    /// # Errors
    /// When a source file cannot be read; failures of steps are part of the summary.
    pub fn run(&mut self, machine: &Machine, interrupt: &Interrupt, listener: &mut dyn Listener) -> Result<Summary> {
        listener.event(&Event::Surveyed {
            steps: self.asked_for(),
            cached: self.count(|state| matches!(state, State::Done { .. })),
        });
        if !self.store.is_read_only() {
            self.store.sweep_jobs();
        }
        let ended = if self.states.iter().any(|state| matches!(state, State::Ready { .. })) {
            self.schedule(machine, interrupt, listener)
        } else {
            Ok(())
        };
        if let Err(error) = self.store.save() {
            tracing::warn!(%error, "what was learned of the cache was not written: files will be read again");
        }
        ended?;
        let summary = self.summary(interrupt);
        listener.event(&Event::Ended { summary: summary.clone() });
        Ok(summary)
    }

    fn schedule(&mut self, machine: &Machine, interrupt: &Interrupt, listener: &mut dyn Listener) -> Result<()> {
        let ((sender, receiver), pools, floor) = (mpsc::channel(), Pools::new(machine), Floor::default());
        let (store, remote) = (self.store, self.remote);
        std::thread::scope(|scope| {
            let (executor, committer) = (self, Committer::start(store, scope));
            let uploader = remote.filter(|remote| remote.is_written()).map(|remote| Uploader::start(remote, store, scope));
            let shared = uploader.as_ref();
            let loop_listener = &mut *listener;
            let scheduler = Scheduler {
                executor,
                scope,
                machine,
                interrupt,
                listener: loop_listener,
                sender,
                receiver,
                committer,
                uploader: shared,
                pools,
                floor,
            };
            let ended = scheduler.run();
            let unsent = uploader.map_or(0, |uploader| uploader.finish(|| interrupt.requested()));
            super::share::tell(remote, unsent, listener);
            ended
        })
    }

    pub(super) fn set_state(&mut self, id: StepId, state: State) -> State {
        std::mem::replace(&mut self.states[id.index()], state)
    }

    /// Blocks all steps that stand on this one.
    pub(super) fn block_readers(&mut self, id: StepId) {
        let mut failed = vec![id];
        while let Some(producer) = failed.pop() {
            for reader in self.plan.readers(producer) {
                if matches!(self.state(reader), State::Waiting | State::Ready { .. }) {
                    self.states[reader.index()] = State::Blocked;
                    failed.push(reader);
                }
            }
        }
    }

    /// Steps that this one reads from and that are not done.
    pub(super) fn open_inputs(&self, id: StepId) -> usize {
        self.plan.producers(id).filter(|producer| !matches!(self.state(*producer), State::Done { .. })).count()
    }

    /// Seconds, roughly, from the start of each unfinished step to the end of the plan along its longest path.
    pub(super) fn urgency(&self, learned: &Learned) -> Vec<f64> {
        self.plan.urgency(|id| match self.state(id) {
            State::Ready { .. } | State::Waiting => self.seconds(id, learned),
            _ => 0.0,
        })
    }

    /// Seconds that a step takes, as earlier runs say, or else its kind.
    pub fn seconds(&self, id: StepId, learned: &Learned) -> f64 {
        let step = self.plan.step(id);
        learned.seconds(step).unwrap_or(step.kind.cost)
    }

    pub(super) fn input_files(&self, id: StepId) -> Result<BTreeMap<String, Files>> {
        let inputs = &self.plan.step(id).inputs;
        inputs.iter().map(|(port, input)| Ok((port.clone(), self.files_of(input)?))).collect()
    }

    fn files_of(&self, input: &Input) -> Result<Files> {
        match input {
            Input::Output { step, port } => {
                let artifact = self
                    .output(*step, port)
                    .with_context(|| format!("BUG: {} was started before its input {}", port, self.plan.step(*step).label))?;
                Ok(self.store.files(artifact))
            }
            Input::Source(files) => Ok(files.clone()),
        }
    }

    fn count(&self, of: impl Fn(&State) -> bool) -> usize {
        self.states.iter().filter(|state| of(state)).count()
    }

    fn asked_for(&self) -> usize {
        self.count(|state| !matches!(state, State::Left))
    }

    fn summary(&self, interrupt: &Interrupt) -> Summary {
        let interrupted = |state: &State| matches!(state, State::Failed(Failure::Interrupted));
        Summary {
            steps: self.asked_for(),
            cached: self.count(|state| matches!(state, State::Done { cached: true, .. })),
            ran: self.count(|state| matches!(state, State::Done { cached: false, .. })),
            failed: self.count(|state| matches!(state, State::Failed(_)) && !interrupted(state)),
            not_run: self
                .count(|state| matches!(state, State::Waiting | State::Ready { .. } | State::Blocked) || interrupted(state)),
            interrupted: interrupt.requested(),
        }
    }
}
