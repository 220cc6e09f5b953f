//! The loop that owns all state of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::Duration;

use anyhow::{Context, Result};

use super::attempt::{Attempt, Success};
use super::pool::{Lease, Pools};
use super::{Device, Event, Failure, Interrupt, Listener, Reason, State, Worker};
use crate::artifact::Files;
use crate::plan::{Input, Manifest, Plan, StepId};
use crate::stage::Run;
use crate::stage::job::{Progress, TrainingProgress};
use crate::store::{Artifact, Digest, Miss, Store};

/// What the user decides about a run; none of it is part of a key.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the experiment, under which the last action of each step is remembered.
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    plan: &'a Plan,
    store: &'a Store,
    options: &'a Options,
    states: Vec<State>,
    urgency: Vec<f64>,
    leases: BTreeMap<StepId, Lease>,
    stopping: bool,
}

/// What attempts tell the loop.
enum Message {
    Progressed(StepId, Progress),
    Ended(StepId, Result<Success, Failure>),
}

/// What the loop needs while attempts run.
struct Field<'scope, 'env, 'a> {
    scope: &'scope Scope<'scope, 'env>,
    sender: Sender<Message>,
    worker: Option<&'env Worker>,
    interrupt: &'env Interrupt,
    listener: &'a mut dyn Listener,
    pools: Pools,
}

impl<'a> Executor<'a> {
    /// Compares the plan with the cache: afterwards every step is done, ready with a reason, waiting for one that is not done,
    /// or left out.
    ///
    /// # Errors
    /// When a source file cannot be read.
    pub fn survey(plan: &'a Plan, store: &'a Store, options: &'a Options) -> Result<Self> {
        let states = vec![State::Waiting; plan.len()];
        let mut executor =
            Self { plan, store, options, states, urgency: plan.urgency(), leases: BTreeMap::new(), stopping: false };
        for id in plan.in_order() {
            if options.wanted.get(id.index()).is_some_and(|wanted| !wanted) {
                executor.states[id.index()] = State::Left;
            } else {
                executor.resolve(id)?;
            }
        }
        Ok(executor)
    }

    /// Where a step stands.
    pub fn state(&self, id: StepId) -> &State {
        &self.states[id.index()]
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
    pub fn run(
        &mut self,
        worker: Option<&Worker>,
        devices: Vec<Device>,
        interrupt: &Interrupt,
        listener: &mut dyn Listener,
    ) -> Result<Summary> {
        listener.event(&Event::Surveyed {
            steps: self.asked_for(),
            cached: self.count(|state| matches!(state, State::Done { .. })),
        });
        let (sender, receiver) = mpsc::channel();
        let pools = Pools::new(self.options.jobs.max(1), devices);
        let ended =
            std::thread::scope(|scope| self.turn(&receiver, &mut Field { scope, sender, worker, interrupt, listener, pools }));
        if let Err(error) = self.store.index().save() {
            tracing::warn!(%error, "the index of the cache was not written: files will be read again");
        }
        ended?;
        Ok(self.summary(interrupt))
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
            if self.leases.is_empty() {
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
                field.listener.event(&Event::Progressed { label: &self.plan.step(id).label, progress: &progress });
                Ok(())
            }
            Message::Ended(id, outcome) => {
                if let Some(lease) = self.leases.remove(&id) {
                    field.pools.give_back(&lease);
                }
                self.settle(id, outcome, field.listener)
            }
        }
    }

    fn settle(&mut self, id: StepId, outcome: Result<Success, Failure>, listener: &mut dyn Listener) -> Result<()> {
        let label = &self.plan.step(id).label;
        match outcome {
            Ok(success) => {
                listener.event(&Event::Finished { label, seconds: success.seconds });
                tracing::info!(step = label, action = %success.action, seconds = success.seconds, "finished");
                self.remember(label, success.action);
                let cached = success.seconds.is_none();
                self.states[id.index()] =
                    State::Done { action: success.action, outputs: success.outputs, provenance: success.provenance, cached };
                let readers: Vec<_> = self.plan.readers(id).collect();
                readers.into_iter().try_for_each(|reader| self.resolve(reader))
            }
            Err(failure) => {
                let log = self.log_of(id);
                tracing::warn!(step = label, %failure, log = %log.display(), "failed");
                if failure != Failure::Interrupted {
                    listener.event(&Event::Failed { label, failure: &failure, log: &log });
                }
                self.states[id.index()] = State::Failed(failure);
                self.stopping |= !self.options.keep_going;
                self.block_readers(id);
                Ok(())
            }
        }
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

    /// Moves a waiting step on if all its inputs are known.
    fn resolve(&mut self, id: StepId) -> Result<()> {
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
    fn remember(&self, label: &str, action: Digest) {
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
    fn input_digests(&self, id: StepId) -> Result<Option<BTreeMap<String, Digest>>> {
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

    fn start_ready<'scope, 'env>(&mut self, field: &mut Field<'scope, 'env, '_>) -> Result<()>
    where
        'a: 'scope,
    {
        let mut ready: Vec<StepId> = self.plan.in_order().filter(|&id| matches!(self.state(id), State::Ready { .. })).collect();
        ready.sort_by(|a, b| self.urgency[b.index()].total_cmp(&self.urgency[a.index()]));
        for id in ready {
            let device_mib = match self.plan.step(id).kind.run {
                Run::Worker(memory) => Some(memory(&self.plan.step(id).params)),
                Run::Here(_) => None,
            };
            if let Some(lease) = field.pools.take(device_mib) {
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
        field.listener.event(&Event::Started { label: &step.label, reason: &reason });
        tracing::info!(step = step.label, action = %manifest.digest(), %reason, "started");
        let attempt = Attempt {
            store: self.store,
            step,
            manifest,
            inputs: self.input_files(id)?,
            forced: reason == Reason::Forced,
            worker: field.worker,
            cuda_index: field.pools.device_index(&lease),
            interrupt: field.interrupt,
        };
        self.leases.insert(id, lease);
        let sender = field.sender.clone();
        field.scope.spawn(move || {
            let report = |progress| drop(sender.send(Message::Progressed(id, progress)));
            let outcome = attempt.run(report);
            // The loop outlives every attempt, so somebody listens.
            drop(sender.send(Message::Ended(id, outcome)));
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
