//! The loop that owns all state of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Success};
use super::pool::{Lease, Pools};
use super::{Event, Failure, Interrupt, Listener, Machine, Reason, State};
use crate::artifact::Files;
use crate::plan::{Input, Manifest, Plan, StepId};
use crate::stage::job::{Progress, TrainingProgress};
use crate::store::{Artifact, Committer, Store};

/// What the user decides about a run; none of it is part of a key.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the experiment, under which the last action of each step is remembered; empty where nothing is to be.
    pub experiment: String,
    /// Attempts at once.
    pub jobs: usize,
    /// Whether branches that do not stand on a failed step go on.
    pub keep_going: bool,
    /// Steps that run even if they are cached.
    pub forced: BTreeSet<StepId>,
    /// Steps to leave out; empty for none.
    pub wanted: Vec<bool>,
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
    pub(super) urgency: Vec<f64>,
    pub(super) leases: BTreeMap<StepId, Lease>,
    pub(super) stopping: bool,
    /// Seconds of steps that are done and whose results are not safe yet.
    pub(super) uncommitted: BTreeMap<StepId, f64>,
}

/// What attempts tell the loop.
enum Message {
    Progressed(StepId, Progress),
    Ended(StepId, Result<Success, Failure>),
    Committed(StepId, Result<(), Failure>),
}

/// What the loop needs while attempts run.
struct Field<'scope, 'env, 'a> {
    scope: &'scope Scope<'scope, 'env>,
    sender: Sender<Message>,
    machine: &'env Machine,
    interrupt: &'env Interrupt,
    listener: &'a mut dyn Listener,
    pools: Pools,
    committer: Committer<'scope>,
}

impl<'a> Executor<'a> {
    pub(super) fn new(plan: &'a Plan, store: &'a Store, options: &'a Options, states: Vec<State>) -> Self {
        let (urgency, leases, uncommitted) = (plan.urgency(), BTreeMap::new(), BTreeMap::new());
        Self { plan, store, options, states, urgency, leases, stopping: false, uncommitted }
    }

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
        let open = |id: &StepId| matches!(self.state(*id), State::Ready { .. } | State::Waiting);
        self.plan.in_order().filter(open).any(|id| self.plan.step(id).kind.is_worker())
    }

    /// The artifact that a done step has at `port`.
    pub fn output(&self, id: StepId, port: &str) -> Option<&Artifact> {
        match self.state(id) {
            State::Done { outputs, .. } => outputs.get(port),
            _ => None,
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
        let (sender, receiver) = mpsc::channel();
        let pools = Pools::new(self.options.jobs.max(1), machine.devices.clone());
        let store = self.store;
        let ended = std::thread::scope(|scope| {
            let committer = Committer::start(store, scope);
            self.turn(&receiver, &mut Field { scope, sender, machine, interrupt, listener, pools, committer })
        });
        if let Err(error) = self.store.save() {
            tracing::warn!(%error, "what was learned of the cache was not written: files will be read again");
        }
        ended?;
        let summary = self.summary(interrupt);
        listener.event(&Event::Ended { summary: summary.clone() });
        Ok(summary)
    }

    fn turn<'scope, 'env>(&mut self, messages: &Receiver<Message>, field: &mut Field<'scope, 'env, '_>) -> Result<()>
    where
        'a: 'scope,
    {
        let mut told = 0;
        loop {
            let asked = usize::from(field.interrupt.requested()) + usize::from(field.interrupt.at_once());
            if asked > told {
                told = asked;
                self.stopping = true;
                field.listener.event(&Event::Interrupted { at_once: asked > 1 });
            }
            if !self.stopping {
                self.start_ready(field)?;
            }
            if self.leases.is_empty() && self.uncommitted.is_empty() {
                return Ok(());
            }
            match messages.recv_timeout(Duration::from_millis(100)) {
                Ok(message) => self.receive(message, field)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn receive(&mut self, message: Message, field: &mut Field<'_, '_, '_>) -> Result<()> {
        match message {
            Message::Progressed(id, progress) => {
                log_progress(&self.plan.step(id).label, &progress);
                field.listener.event(&Event::Progressed { step: self.plan.step(id).label.clone(), progress });
                Ok(())
            }
            Message::Ended(id, outcome) => {
                if let Some(lease) = self.leases.remove(&id) {
                    field.pools.give_back(&lease);
                }
                self.settle(id, outcome, field.listener)
            }
            Message::Committed(id, outcome) => {
                let seconds = self.uncommitted.remove(&id);
                match outcome {
                    Ok(()) => self.finished(id, seconds, field.listener),
                    Err(failure) => self.settle(id, Err(failure), field.listener)?,
                }
                Ok(())
            }
        }
    }

    fn settle(&mut self, id: StepId, outcome: Result<Success, Failure>, listener: &mut dyn Listener) -> Result<()> {
        let label = &self.plan.step(id).label;
        match outcome {
            Ok(Success { action, outputs, provenance, seconds }) => {
                self.states[id.index()] = State::Done { action, outputs, provenance, cached: seconds.is_none() };
                match seconds {
                    Some(seconds) => drop(self.uncommitted.insert(id, seconds)),
                    None => self.finished(id, None, listener),
                }
                self.resolve(self.plan.readers(id).collect())
            }
            Err(failure) => {
                let log = self.log_of(id);
                tracing::warn!(step = label, %failure, log = %log.display(), "failed");
                if failure != Failure::Interrupted {
                    listener.event(&Event::Failed { step: label.clone(), failure: failure.clone(), log, retry_in: None });
                }
                self.states[id.index()] = State::Failed(failure);
                self.stopping |= !self.options.keep_going;
                self.block_readers(id);
                Ok(())
            }
        }
    }

    /// The result is safe.
    fn finished(&self, id: StepId, seconds: Option<f64>, listener: &mut dyn Listener) {
        let State::Done { action, .. } = *self.state(id) else { return };
        let step = &self.plan.step(id).label;
        listener.event(&Event::Finished { step: step.clone(), action, seconds });
        tracing::info!(step, %action, seconds, "finished");
        self.remember(&[id]);
    }

    fn log_of(&self, id: StepId) -> std::path::PathBuf {
        let digests = self.input_digests(id).ok().flatten().unwrap_or_default();
        self.store.log(Manifest::new(self.plan.step(id), &digests).digest())
    }

    fn block_readers(&mut self, id: StepId) {
        for reader in self.plan.readers(id).collect::<Vec<_>>() {
            if matches!(self.state(reader), State::Waiting | State::Ready { .. }) {
                self.states[reader.index()] = State::Blocked;
                self.block_readers(reader);
            }
        }
    }

    fn start_ready<'scope, 'env>(&mut self, field: &mut Field<'scope, 'env, '_>) -> Result<()>
    where
        'a: 'scope,
    {
        let mut ready: Vec<StepId> = self.plan.in_order().filter(|&id| matches!(self.state(id), State::Ready { .. })).collect();
        ready.sort_by(|a, b| self.urgency[b.index()].total_cmp(&self.urgency[a.index()]));
        for id in ready {
            if let Some(lease) = field.pools.take(self.plan.step(id).needs.device_mib) {
                self.start(id, lease, field)?;
            }
        }
        Ok(())
    }

    fn start<'scope, 'env>(&mut self, id: StepId, lease: Lease, field: &mut Field<'scope, 'env, '_>) -> Result<()>
    where
        'a: 'scope,
    {
        let State::Ready { manifest, reason } = std::mem::replace(&mut self.states[id.index()], State::Running) else {
            return Ok(());
        };
        let step = self.plan.step(id);
        let (action, device) = (manifest.digest(), field.pools.device_index(&lease));
        tracing::info!(step = step.label, %action, %reason, "started");
        let (label, kind) = (step.label.clone(), step.kind.name.to_owned());
        field.listener.event(&Event::Started { step: label, kind, action, reason: reason.clone(), attempt: 1, device });
        let attempt = Attempt {
            store: self.store,
            step,
            manifest,
            inputs: self.input_files(id)?,
            contents: self.input_artifacts(id)?,
            forced: reason == Reason::Forced,
            machine: field.machine,
            cuda_index: device,
            interrupt: field.interrupt,
        };
        self.leases.insert(id, lease);
        let (sender, committer) = (field.sender.clone(), field.committer.clone());
        field.scope.spawn(move || {
            // The loop outlives every attempt, so somebody listens.
            let tell = move |message| drop(sender.send(message));
            match attempt.run(|progress| tell(Message::Progressed(id, progress))) {
                Ok((success, made)) => {
                    tell(Message::Ended(id, Ok(success)));
                    if let Some(made) = made {
                        made.commit(&committer, move |outcome| tell(Message::Committed(id, outcome)));
                    }
                }
                Err(failure) => tell(Message::Ended(id, Err(failure))),
            }
        });
        Ok(())
    }

    fn input_files(&self, id: StepId) -> Result<BTreeMap<String, Files>> {
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

/// What a worker said of its progress, for those who keep a log.
fn log_progress(step: &str, progress: &Progress) {
    let Progress { done, total, ref unit, training } = *progress;
    let of = |number: fn(TrainingProgress) -> f64| training.map(number);
    tracing::debug!(
        step,
        done,
        total,
        unit,
        epoch = training.map(|training| training.epoch),
        loss = of(|training| training.loss),
        tune_loss = of(|training| training.tune_loss),
        tune_accuracy = of(|training| training.tune_accuracy),
        learning_rate = of(|training| training.learning_rate),
        images_per_second = of(|training| training.images_per_second),
        seconds_left = of(|training| training.seconds_left),
        peak_memory = training.map(|training| training.peak_memory),
        "progress"
    );
}
