//! The loop: which ready step starts when, with what, and what follows when its attempt ends. One thread owns everything here; it
//! sleeps until an attempt, the user or a clock has something to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::attempt::{Attempt, Outcome, Success};
use super::failure::Remedy;
use super::interrupt::Bell;
use super::learned::{Learned, Took};
use super::pool::{Ask, Lease, Pools, Resource};
use super::queue::Queue;
use super::remote::{self, Grown, Placement, Signs};
use super::{Event, Executor, Failure, Interrupt, Listener, Machine, Reason, State};
use crate::plan::{Manifest, StepId};
use crate::remote::Uploader;
use crate::slurm::{Cluster, Resources};
use crate::stage::Run;
use crate::stage::job::{Progress, TrainingProgress};
use crate::store::{Committer, Digest};

/// How often it is looked whether another run is through with an action.
const ELSEWHERE: Duration = Duration::from_millis(50);
/// Failed starts for want of processes or descriptors, whatever the step's own retries.
const SHORTAGES: u32 = 6;

/// What attempts and the user tell the loop.
pub(super) enum Message {
    Progressed(StepId, Progress),
    Placed(StepId, Placement),
    Ended(StepId, Outcome),
    Committed(StepId, Result<(), Failure>),
    Interrupted,
}

/// One run while it goes on.
pub(super) struct Scheduler<'run, 'scope, 'env, 'a> {
    pub(super) executor: &'run mut Executor<'a>,
    pub(super) scope: &'scope Scope<'scope, 'env>,
    pub(super) machine: &'env Machine,
    pub(super) interrupt: &'env Interrupt,
    pub(super) listener: &'run mut dyn Listener,
    pub(super) sender: Sender<Message>,
    pub(super) receiver: Receiver<Message>,
    pub(super) committer: Committer<'scope>,
    /// Who sends what is safe to a remote cache, where there is one.
    pub(super) uploader: Option<&'run Uploader<'scope>>,
    pub(super) pools: Pools,
    pub(super) floor: Floor,
}

/// Where steps stand that are neither waiting for inputs nor settled.
#[derive(Default)]
pub(super) struct Floor {
    learned: Learned,
    urgency: Vec<f64>,
    /// Inputs of each step that are not there yet.
    open: Vec<usize>,
    queue: Queue,
    running: BTreeMap<StepId, Running>,
    /// Steps that are done, others may read what they made, and whose results are not safe yet; with what they took.
    uncommitted: BTreeMap<StepId, Took>,
    /// Steps that are tried again, and when.
    resting: BinaryHeap<Reverse<(Instant, StepId)>>,
    /// Steps whose action another run is at, and when to look again.
    elsewhere: HashSet<StepId>,
    look: Option<Instant>,
    tries: HashMap<StepId, Tries>,
    /// Wishes of the user that were heard.
    heard: usize,
    stopping: bool,
}

struct Running {
    lease: Lease,
    manifest: Manifest,
    reason: Reason,
}

#[derive(Default, Clone, Copy)]
struct Tries {
    started: u32,
    retried: u32,
    shortages: u32,
    alone: Option<Resource>,
    /// Whether it was tried once more for a cause that allows no more.
    once: bool,
    grown: Grown,
}

impl<'scope, 'env, 'a: 'scope> Scheduler<'_, 'scope, 'env, 'a> {
    pub(super) fn run(mut self) -> Result<()> {
        let plan = self.executor.plan;
        let ready: Vec<StepId> = plan.in_order().filter(|id| matches!(self.executor.state(*id), State::Ready { .. })).collect();
        self.floor.learned = Learned::open(self.executor.store);
        self.floor.urgency = self.executor.urgency(&self.floor.learned);
        self.floor.open = plan.in_order().map(|id| self.executor.open_inputs(id)).collect();
        ready.into_iter().for_each(|id| self.queue(id));
        let over = Bell::new()?;
        self.listen_for_interrupts(over.clone());
        let ended = self.rounds();
        over.ring();
        ended
    }

    fn rounds(&mut self) -> Result<()> {
        loop {
            self.hear();
            if !self.floor.stopping {
                self.wake();
                self.look_elsewhere()?;
                self.start_ready()?;
            }
            if self.is_over() {
                return Ok(());
            }
            if let Some(message) = self.next() {
                self.receive(message)?;
            }
            super::share::tell(self.executor.remote, 0, self.listener);
        }
    }

    /// Whether nothing is under way and nothing will start.
    fn is_over(&self) -> bool {
        let floor = &self.floor;
        let idle = floor.queue.is_empty() && floor.resting.is_empty() && floor.elsewhere.is_empty();
        floor.running.is_empty() && floor.uncommitted.is_empty() && (floor.stopping || idle)
    }

    /// The next message; `None` when a clock was quicker.
    fn next(&self) -> Option<Message> {
        let rested = self.floor.resting.peek().map(|Reverse((at, _))| *at);
        let clock = [rested, self.floor.look].into_iter().flatten().min().filter(|_| !self.floor.stopping);
        match clock {
            Some(at) => self.receiver.recv_timeout(at.saturating_duration_since(Instant::now())).ok(),
            None => self.receiver.recv().ok(),
        }
    }

    fn receive(&mut self, message: Message) -> Result<()> {
        match message {
            Message::Interrupted => Ok(()),
            Message::Progressed(id, progress) => {
                let step = self.label(id);
                log_progress(&step, &progress);
                self.listener.event(&Event::Progressed { step, progress });
                Ok(())
            }
            Message::Placed(id, placement) => {
                self.placed(id, placement);
                Ok(())
            }
            Message::Ended(id, outcome) => self.end(id, outcome),
            Message::Committed(id, outcome) => {
                self.committed(id, outcome);
                Ok(())
            }
        }
    }

    /// What gives no hope is told at once: nobody looks at the queue of a cluster all day.
    fn placed(&mut self, id: StepId, placement: Placement) {
        let step = self.label(id);
        if let Placement::Waiting { reason, doubt: true } = &placement {
            let text = format!("its job waits and may do so for ever: {reason}");
            self.listener.event(&Event::Warned { step: Some(step.clone()), text });
        }
        let (job, reason, node) = match placement {
            Placement::Submitted { job } => (Some(job), None, None),
            Placement::Waiting { reason, .. } => (None, Some(reason), None),
            Placement::Running { node } => (None, None, Some(node)),
        };
        self.listener.event(&Event::Placed { step, job, reason, node });
    }

    fn end(&mut self, id: StepId, outcome: Outcome) -> Result<()> {
        let Some(Running { lease, manifest, reason }) = self.floor.running.remove(&id) else { return Ok(()) };
        self.pools.give_back(&lease);
        match outcome {
            Outcome::Done(success) => self.done(id, success),
            Outcome::Failed(failure) => {
                self.fail(id, manifest, reason, failure);
                Ok(())
            }
            Outcome::Elsewhere => {
                self.executor.set_state(id, State::Ready { manifest, reason });
                self.leave_to_another(id);
                Ok(())
            }
        }
    }

    /// What was made can be read from now on, though it is not safe yet.
    fn done(&mut self, id: StepId, success: Success) -> Result<()> {
        let Success { action, outputs, provenance, seconds, device_mib, warnings } = success;
        for text in warnings {
            let step = Some(self.executor.plan.step(id).label.clone());
            self.listener.event(&Event::Warned { step, text });
        }
        let memory_mib = provenance.peak_memory >> 20;
        self.executor.set_state(id, State::Done { action, outputs, provenance, cached: seconds.is_none() });
        match seconds {
            Some(seconds) => drop(self.floor.uncommitted.insert(id, Took { seconds, memory_mib, device_mib })),
            None => self.finished(id, None),
        }
        self.resolve_readers(id)
    }

    fn committed(&mut self, id: StepId, outcome: Result<(), Failure>) {
        let took = self.floor.uncommitted.remove(&id);
        match outcome {
            Ok(()) => {
                self.upload(id);
                self.finished(id, took);
            }
            Err(failure) => {
                let State::Done { action, .. } = *self.executor.state(id) else { return };
                self.tell_failure(id, action, &failure, None);
                self.give_up(id, failure);
            }
        }
    }

    fn upload(&self, id: StepId) {
        if let (Some(uploader), State::Done { action, .. }) = (self.uploader, self.executor.state(id)) {
            uploader.submit(*action);
        }
    }

    /// The result is safe.
    fn finished(&mut self, id: StepId, took: Option<Took>) {
        let State::Done { action, .. } = *self.executor.state(id) else { return };
        let (step, seconds) = (self.executor.plan.step(id), took.map(|took| took.seconds));
        tracing::info!(step = step.label, %action, seconds, "finished");
        if let Some(took) = took {
            self.floor.learned.note(step, took);
        }
        self.listener.event(&Event::Finished { step: step.label.clone(), action, seconds });
        self.executor.remember(&[id]);
    }

    /// Looks at the steps whose last input this was, and, where the cache has their results, at those that read them in turn.
    fn resolve_readers(&mut self, id: StepId) -> Result<()> {
        let plan = self.executor.plan;
        let (mut done, mut cached) = (vec![id], vec![]);
        while let Some(producer) = done.pop() {
            for reader in plan.readers(producer) {
                self.floor.open[reader.index()] -= 1;
                if self.floor.open[reader.index()] > 0 || !matches!(self.executor.state(reader), State::Waiting) {
                    continue;
                }
                let Some(state) = self.executor.verdict(reader)? else { continue };
                if let State::Done { action, .. } = state {
                    self.listener.event(&Event::Cached { step: plan.step(reader).label.clone(), action });
                    done.push(reader);
                    cached.push(reader);
                }
                let is_ready = matches!(state, State::Ready { .. });
                self.executor.set_state(reader, state);
                if is_ready {
                    self.queue(reader);
                }
            }
        }
        self.executor.remember(&cached);
        Ok(())
    }

    fn fail(&mut self, id: StepId, manifest: Manifest, reason: Reason, failure: Failure) {
        let wait = if self.floor.stopping { None } else { self.retry(id, &failure) };
        self.tell_failure(id, manifest.digest(), &failure, wait);
        if let Some(wait) = wait {
            self.executor.set_state(id, State::Ready { manifest, reason });
            self.floor.resting.push(Reverse((Instant::now() + wait, id)));
        } else {
            self.give_up(id, failure);
        }
    }

    fn tell_failure(&mut self, id: StepId, action: Digest, failure: &Failure, wait: Option<Duration>) {
        let (step, log) = (self.label(id), self.executor.store.log(action));
        let retry_in = wait.map(|wait| wait.as_secs_f64());
        tracing::warn!(step, %failure, log = %log.display(), retry_in, "failed");
        if *failure != Failure::Interrupted {
            self.listener.event(&Event::Failed { step, failure: failure.clone(), log, retry_in });
        }
    }

    fn give_up(&mut self, id: StepId, failure: Failure) {
        self.executor.set_state(id, State::Failed(failure));
        self.floor.stopping |= !self.executor.options.keep_going;
        self.executor.block_readers(id);
    }

    /// How long to wait before the next attempt; `None` where there shall be none.
    fn retry(&mut self, id: StepId, failure: &Failure) -> Option<Duration> {
        let retries = self.executor.needs(id).retries;
        let (remedy, may_grow) = (failure.remedy(), self.may_grow(id));
        let tries = self.floor.tries.entry(id).or_default();
        if !may_grow && matches!(remedy, Remedy::Alone(Resource::Machine)) {
            return None;
        }
        tries.grown.memory += u32::from(remedy == Remedy::Alone(Resource::Machine));
        let before = match remedy {
            Remedy::Freely => return Some(self.executor.options.back_off.first),
            Remedy::Once if !tries.once => {
                tries.once = true;
                return Some(self.executor.options.back_off.first);
            }
            Remedy::Longer => return self.longer(id),
            Remedy::Alone(resource) if tries.alone.is_none() => {
                tries.alone = Some(resource);
                return Some(Duration::ZERO);
            }
            Remedy::Again | Remedy::Alone(_) if tries.retried < retries => &mut tries.retried,
            Remedy::Shortly if tries.shortages < SHORTAGES => &mut tries.shortages,
            _ => return None,
        };
        let wait = self.executor.options.back_off.after(*before);
        *before += 1;
        Some(wait)
    }

    /// Whether more memory is asked for after it ran out: on this machine, all of it; on a cluster, as the site says.
    fn may_grow(&self, id: StepId) -> bool {
        let step = self.executor.plan.step(id);
        let growth = |cluster: &Cluster| cluster.request(&step.names()).memory_growth.unwrap_or(remote::MEMORY_GROWTH);
        self.machine.cluster_for(step).is_none_or(|cluster| growth(cluster) > 1.0)
    }

    /// A job whose time was over is tried again when it will get more: what the site grants instead of what was learned, or a multiple.
    fn longer(&mut self, id: StepId) -> Option<Duration> {
        const MOST: u32 = 3;
        let step = self.executor.plan.step(id);
        let grows = self.machine.cluster_for(step)?.request(&step.names()).time_growth.is_some_and(|growth| growth > 1.0);
        let was_learned = self.floor.learned.took(step).is_some();
        let tries = self.floor.tries.entry(id).or_default();
        let may = tries.grown.time < MOST && (grows || was_learned && tries.grown.time == 0);
        tries.grown.time += 1;
        may.then_some(self.executor.options.back_off.first)
    }

    fn hear(&mut self) {
        for heard in self.floor.heard..self.interrupt.wishes() {
            self.floor.heard = heard + 1;
            self.floor.stopping = true;
            self.listener.event(&Event::Interrupted { at_once: heard > 0 });
        }
    }

    fn listen_for_interrupts(&self, over: Bell) {
        let (interrupt, sender) = (self.interrupt, self.sender.clone());
        self.scope.spawn(move || interrupt.listen(&over, || drop(sender.send(Message::Interrupted))));
    }

    fn queue(&mut self, id: StepId) {
        let ask = self.ask(id);
        self.floor.queue.add(id, ask, self.floor.urgency[id.index()]);
    }

    /// What is declared counts. Where nothing is, what was measured does; and a worker's own estimate gives way to a measurement.
    fn ask(&self, id: StepId) -> Ask {
        let (step, needs) = (self.executor.plan.step(id), self.executor.needs(id));
        if self.machine.cluster_for(step).is_some() {
            return Ask { cluster: true, ..Ask::default() };
        }
        let took = self.floor.learned.took(step);
        let measured = |mib: fn(&Took) -> u64| took.as_ref().map(mib).filter(|mib| *mib > 0).map(coarse);
        let served = self.machine.devices.serve_worker || !step.kind.is_worker();
        let learned_device = measured(|took| took.device_mib).filter(|_| step.kind.is_worker());
        Ask {
            cpus: needs.cpus,
            memory_mib: needs.memory_mib.or_else(|| measured(|took| took.memory_mib)).unwrap_or(0),
            device_mib: needs.device_mib.filter(|_| served).map(|declared| learned_device.unwrap_or(declared)),
            alone: self.floor.tries.get(&id).and_then(|tries| tries.alone),
            cluster: false,
        }
    }

    /// What a job of the step asks for.
    fn resources(&self, id: StepId) -> Resources {
        let step = self.executor.plan.step(id);
        let Some(cluster) = self.machine.cluster_for(step) else { return Resources::default() };
        let grown = self.floor.tries.get(&id).map_or_else(Grown::default, |tries| tries.grown);
        let (needs, took) = (self.executor.needs(id), self.floor.learned.took(step));
        remote::resources(needs, took, &cluster.request(&step.names()), grown, &step.kind.run)
    }

    /// Queues the steps that have rested.
    fn wake(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((_, id))) = self.floor.resting.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.floor.resting.pop();
            self.queue(id);
        }
    }

    fn leave_to_another(&mut self, id: StepId) {
        if let State::Ready { manifest, .. } = self.executor.state(id) {
            let action = manifest.digest();
            self.listener.event(&Event::Elsewhere { step: self.executor.plan.step(id).label.clone(), action });
        }
        self.floor.elsewhere.insert(id);
        self.floor.look.get_or_insert_with(|| Instant::now() + ELSEWHERE);
    }

    /// Takes the results of other runs that have ended, and queues what they left undone.
    fn look_elsewhere(&mut self) -> Result<()> {
        if self.floor.look.is_none_or(|at| at > Instant::now()) {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.floor.elsewhere);
        for id in waiting {
            let State::Ready { manifest, reason } = self.executor.state(id) else { continue };
            let (action, forced) = (manifest.digest(), *reason == Reason::Forced);
            if self.executor.store.is_claimed(action) {
                self.floor.elsewhere.insert(id);
            } else if let Some(known) = Success::by_another(self.executor.store, action).filter(|_| !forced) {
                self.done(id, known)?;
            } else {
                self.queue(id);
            }
        }
        self.floor.look = (!self.floor.elsewhere.is_empty()).then(|| Instant::now() + ELSEWHERE);
        Ok(())
    }

    fn start_ready(&mut self) -> Result<()> {
        while let Some((id, lease)) = self.floor.queue.take(&mut self.pools) {
            let State::Ready { manifest, .. } = self.executor.state(id) else { continue };
            if self.executor.store.is_claimed(manifest.digest()) {
                self.pools.give_back(&lease);
                self.leave_to_another(id);
            } else {
                self.start(id, lease)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, id: StepId, mut lease: Lease) -> Result<()> {
        let (step, options) = (self.executor.plan.step(id), self.executor.options);
        let (inputs, contents) = (self.executor.input_files(id)?, self.executor.input_artifacts(id)?);
        let State::Ready { manifest, reason } = self.executor.set_state(id, State::Running) else { return Ok(()) };
        let is_here = matches!(step.kind.run, Run::Here(_)) && self.machine.cluster_for(step).is_none();
        if is_here && self.floor.queue.is_empty() {
            self.pools.widen(&mut lease);
        }
        let share = self.pools.share(&lease);
        let tries = self.floor.tries.entry(id).or_default();
        tries.started += 1;
        let (action, attempt) = (manifest.digest(), tries.started);
        tracing::info!(step = step.label, %action, %reason, attempt, cpus = share.cpus, device = share.index(), "started");
        let (label, kind, device) = (step.label.clone(), step.kind.name.to_owned(), share.index());
        self.listener.event(&Event::Started { step: label, kind, action, reason: reason.clone(), attempt, device });
        let resources = self.resources(id);
        let attempt = Attempt {
            store: self.executor.store,
            step,
            manifest: manifest.clone(),
            inputs,
            contents,
            forced: reason == Reason::Forced,
            twice: options.twice.contains(&id),
            machine: self.machine,
            share,
            limit: self.executor.needs(id).time_limit,
            interrupt: self.interrupt,
            scratch: None,
            resources,
            remote: self.executor.remote,
        };
        self.floor.running.insert(id, Running { lease, manifest, reason });
        let (sender, committer) = (self.sender.clone(), self.committer.clone());
        self.scope.spawn(move || {
            // The loop outlives every attempt, so somebody listens.
            let tell = move |message| drop(sender.send(message));
            let progressed = &mut |progress| tell(Message::Progressed(id, progress));
            let placed = &mut |placement| tell(Message::Placed(id, placement));
            let (outcome, made) = attempt.run(Signs { progressed, placed });
            tell(Message::Ended(id, outcome));
            if let Some(made) = made {
                made.commit(&committer, move |outcome| tell(Message::Committed(id, outcome)));
            }
        });
        Ok(())
    }

    fn label(&self, id: StepId) -> String {
        self.executor.plan.step(id).label.clone()
    }
}

/// A measured peak, rounded up by at most an eighth, so that steps that are alike ask for the same.
fn coarse(mib: u64) -> u64 {
    mib.next_multiple_of((mib.next_power_of_two() / 16).max(1))
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
