//! The thread that speaks with the controller. It submits what is ordered, at the site's pace and as arrays where many ask for the
//! same; looks at the folders of attempts often and at the queue seldom; and tells each attempt what is new.
//!
//! An answer that did not come means that nothing is known, and nothing is decided on it. A folder that says how the attempt ended
//! is believed whatever Slurm says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::controller::{Answer, Controller, Line};
use super::script::argument;
use super::{Doubt, Intent, News, Order, Over, Phase};
use crate::site::Slurm;

/// How long a first order waits for others that make an array with it.
const COMPANY: Duration = Duration::from_millis(100);
/// Looks at the queue after which a submission that nobody has seen was not made.
const LOOKS: u32 = 2;
/// How long a record may take to be seen after the job that wrote it has ended.
const GRACE: Duration = Duration::from_secs(15);

/// What attempts say.
#[derive(Debug)]
pub(super) enum Message {
    Place { id: u64, order: Box<Order>, tell: Sender<News> },
    Cancel(u64),
    Withdraw(u64),
}

/// All that is under way.
pub(super) struct Monitor {
    site: Slurm,
    controller: Controller,
    orders: Receiver<Message>,
    jobs: BTreeMap<u64, Job>,
    /// Nothing is submitted before.
    submit_at: Instant,
    look_at: Instant,
    poll_at: Instant,
    /// Time between two looks at the queue, just now.
    interval: Duration,
    last_poll: Option<Instant>,
    /// Whether there is accounting; asked for once, when it is needed.
    accounting: Option<bool>,
}

/// One order.
struct Job {
    order: Order,
    tell: Sender<News>,
    stage: Stage,
    /// Where the submission is not taken before.
    rest: Instant,
    cancel: Cancel,
    seen: Seen,
    /// Since when the queue does not know it, and how often it was looked at since.
    missing: Option<(Instant, u32)>,
    /// How it ended, and since when that is known.
    ended: Option<(Phase, Instant)>,
    /// Since when it waits for something that will not come.
    stuck: Option<Instant>,
    /// Its last sign of life, and when that was noticed.
    beat: Option<(SystemTime, Instant)>,
}

enum Stage {
    /// To be submitted.
    New,
    /// Submitted, perhaps; so often looked for.
    Unsure(Intent, u32),
    /// A job.
    Known(Intent, String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cancel {
    No,
    Wanted,
    Told,
}

/// What was told last.
#[derive(Default, PartialEq, Eq)]
struct Seen {
    state: String,
    reason: String,
    node: String,
}

impl Monitor {
    /// Starts the thread; it ends when the sender is dropped.
    pub(super) fn start(site: Slurm, controller: Controller) -> Sender<Message> {
        let (sender, orders) = mpsc::channel();
        let now = Instant::now();
        let monitor = Self {
            interval: site.poll,
            site,
            controller,
            orders,
            jobs: BTreeMap::new(),
            submit_at: now,
            look_at: now,
            poll_at: now,
            last_poll: None,
            accounting: None,
        };
        std::thread::spawn(move || monitor.run());
        sender
    }

    fn run(mut self) {
        while self.hear() {
            let now = Instant::now();
            if self.submit_at <= now {
                self.submit();
            }
            self.cancel();
            if self.look_at <= now {
                self.look();
            }
            if self.poll_at <= now && self.jobs.values().any(|job| !matches!(job.stage, Stage::New)) {
                self.poll();
            }
        }
    }

    /// Takes what is said until something is to be done. Whether anybody is left who might say something.
    fn hear(&mut self) -> bool {
        let now = Instant::now();
        let fresh = self.jobs.values().filter(|job| matches!(job.stage, Stage::New)).map(|job| job.rest).min();
        let clocks = [
            fresh.map(|rest| rest.max(self.submit_at)),
            (!self.jobs.is_empty()).then_some(self.look_at),
            self.jobs.values().any(|job| !matches!(job.stage, Stage::New)).then_some(self.poll_at),
        ];
        let first = match clocks.into_iter().flatten().min() {
            Some(at) => match self.orders.recv_timeout(at.saturating_duration_since(now)) {
                Err(RecvTimeoutError::Disconnected) => return false,
                heard => heard.ok(),
            },
            None => match self.orders.recv() {
                Err(_) => return false,
                heard => heard.ok(),
            },
        };
        let others: Vec<Message> = self.orders.try_iter().collect();
        first.into_iter().chain(others).for_each(|message| self.take(message));
        true
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Place { id, order, tell } => self.place(id, *order, tell),
            Message::Withdraw(id) => self.jobs.retain(|own, job| *own != id || !matches!(job.stage, Stage::New)),
            Message::Cancel(id) => {
                let Some(job) = self.jobs.get_mut(&id) else { return };
                if matches!(job.stage, Stage::New) {
                    self.end(id, Over::Ended(Phase::Cancelled));
                } else if job.cancel == Cancel::No {
                    job.cancel = Cancel::Wanted;
                }
            }
        }
    }

    /// A submission of an earlier run is taken over: under its number where that is known, else it is looked for by its name.
    fn place(&mut self, id: u64, order: Order, tell: Sender<News>) {
        let now = Instant::now();
        let claimed = order.folder.claim().map(|claim| claim.job);
        let stage = match order.folder.intent() {
            None => Stage::New,
            Some(intent) => match claimed.or_else(|| intent.job.clone()) {
                Some(number) => {
                    let _ = tell.send(News::Submitted { job: number.clone() });
                    Stage::Known(intent, number)
                }
                None => Stage::Unsure(intent, 0),
            },
        };
        if matches!(stage, Stage::New) {
            self.submit_at = self.submit_at.max(now + COMPANY);
        } else {
            self.hurry(now);
        }
        let job = Job {
            order,
            tell,
            stage,
            rest: now,
            cancel: Cancel::No,
            seen: Seen::default(),
            missing: None,
            ended: None,
            stuck: None,
            beat: None,
        };
        self.jobs.insert(id, job);
        self.look_at = self.look_at.min(now + self.look_every());
    }

    /// The queue is looked at soon, but not sooner than the site wants.
    fn hurry(&mut self, at: Instant) {
        self.interval = self.site.poll;
        let soonest = self.last_poll.map_or(at, |last| at.max(last + self.site.poll));
        self.poll_at = if self.poll_at <= Instant::now() { soonest } else { self.poll_at.min(soonest) };
    }

    fn look_every(&self) -> Duration {
        (self.site.poll / 5).clamp(Duration::from_millis(200), Duration::from_secs(5))
    }

    /// Submits the order that waits longest, with all that ask for the same where they are enough for an array.
    fn submit(&mut self) {
        let now = Instant::now();
        let waiting = |job: &&Job| matches!(job.stage, Stage::New) && job.rest <= now;
        let Some((&first, head)) = self.jobs.iter().find(|(_, job)| waiting(job)) else { return };
        let alike = |job: &Job| job.order.script == head.order.script && job.order.stage == head.order.stage;
        let company = self.jobs.iter().filter(|(_, job)| waiting(job) && alike(job)).map(|(id, _)| *id);
        let company: Vec<u64> = company.take(self.site.array_most).collect();
        let is_array = self.site.array_from > 0 && company.len() >= self.site.array_from.max(2);
        let chosen = if is_array { company } else { vec![first] };
        match self.submit_these(&chosen, is_array) {
            Ok(answer) => self.answered(&chosen, answer),
            Err(error) => chosen.iter().for_each(|id| self.end(*id, Over::Refused(format!("{error:#}")))),
        }
        self.submit_at = Instant::now() + Duration::from_secs_f64(1.0 / self.site.rate);
    }

    /// Writes down what will be submitted, and then submits it.
    fn submit_these(&mut self, ids: &[u64], is_array: bool) -> Result<Answer> {
        let order = self.jobs[&ids[0]].order.clone();
        let token = token(order.folder.path());
        let name = format!("bgh-{}-{token}", order.stage);
        let batch = is_array.then(|| order.batches.join(&token));
        let last = match &batch {
            Some(batch) => self.write_list(batch, ids)?,
            None => order.folder.path().to_owned(),
        };
        for (element, id) in ids.iter().enumerate() {
            let job = self.jobs.get_mut(id).context("BUG: an order that is not there")?;
            let log = batch
                .as_ref()
                .map_or_else(|| job.order.folder.path().join("slurm.log"), |batch| batch.join(format!("{element}.log")));
            let (element, since) = (is_array.then_some(element), SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
            let intent = Intent { name: name.clone(), element, job: None, log, batch: batch.clone(), since };
            job.order.folder.intend(&intent)?;
            job.stage = Stage::Unsure(intent, 0);
        }
        let mut options = vec!["--no-requeue".to_owned(), "--open-mode=append".to_owned(), format!("--job-name={name}")];
        options.push(format!("--comment=bgh:step={}", if is_array { &order.stage } else { &order.label }));
        options.push(match &batch {
            Some(batch) => format!("--output={}", argument(&batch.join("%a.log"))),
            None => format!("--output={}", argument(&order.folder.path().join("slurm.log"))),
        });
        options.push(format!("--chdir={}", argument(&std::env::current_dir()?)));
        options.extend(is_array.then(|| format!("--array=0-{}", ids.len() - 1)));
        options.extend(order.script.options.iter().cloned());
        Ok(self.controller.submit(&options, &order.script.text(&argument(&last))))
    }

    /// The folder of an array: which attempt each element is.
    fn write_list(&self, batch: &Path, ids: &[u64]) -> Result<PathBuf> {
        let list = batch.join("list.json");
        let folders: Vec<&Path> = ids.iter().map(|id| self.jobs[id].order.folder.path()).collect();
        fs::create_dir_all(batch).with_context(|| format!("cannot make {}", batch.display()))?;
        fs::write(&list, serde_json::to_vec_pretty(&folders)?).with_context(|| format!("cannot write {}", list.display()))?;
        Ok(list)
    }

    fn answered(&mut self, ids: &[u64], answer: Answer) {
        let now = Instant::now();
        match answer {
            Answer::Job(number) => {
                for id in ids {
                    self.jobs.entry(*id).and_modify(|job| job.known(&number));
                }
                self.hurry(now + self.site.poll);
            }
            Answer::Unsure(words) => {
                tracing::warn!(words, "it is not known whether Slurm took a job; it is looked for by its name");
                self.hurry(now);
            }
            Answer::Full(reason) => {
                for id in ids {
                    let wait = self.site.poll_most;
                    let Some(job) = self.jobs.get_mut(id) else { continue };
                    (job.stage, job.rest) = (Stage::New, now + wait);
                    job.wait(&reason, Doubt::Limit);
                }
            }
            Answer::Refused(why) => ids.iter().for_each(|id| self.end(*id, Over::Refused(why.clone()))),
        }
    }

    fn cancel(&mut self) {
        let wanted = |job: &Job| (job.cancel == Cancel::Wanted).then(|| job.number()).flatten();
        let numbers: Vec<String> = self.jobs.values().filter_map(wanted).collect();
        if numbers.is_empty() {
            return;
        }
        match self.controller.cancel(&numbers) {
            Ok(()) => {
                self.jobs.values_mut().filter(|job| wanted(job).is_some()).for_each(|job| job.cancel = Cancel::Told);
                self.hurry(Instant::now());
            }
            Err(error) => tracing::warn!(error = format!("{error:#}"), "jobs were not cancelled; it is tried again"),
        }
    }

    /// Looks at the folders.
    fn look(&mut self) {
        let now = Instant::now();
        self.look_at = now + self.look_every();
        let ids: Vec<u64> = self.jobs.keys().copied().collect();
        for id in ids {
            if let Some(over) = self.jobs.get_mut(&id).and_then(|job| job.judge(&self.site, now)) {
                self.end(id, over);
            }
        }
    }

    /// Asks the queue about all jobs at once, and the accounts about those that it no longer knows.
    fn poll(&mut self) {
        let asked = self.controller.queue();
        let now = Instant::now();
        self.last_poll = Some(now);
        match asked {
            Ok(lines) => {
                let changed = self.compare(&lines, now);
                let slower = self.interval.mul_f64(1.5).min(self.site.poll_most);
                self.interval = if changed { self.site.poll } else { slower };
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the queue is not known just now");
                self.interval = (self.interval * 2).min(self.site.poll_most);
            }
        }
        self.poll_at = now + jittered(self.interval);
        self.look();
    }

    /// Whether anything is not as it was.
    fn compare(&mut self, lines: &[Line], now: Instant) -> bool {
        let by_number: HashMap<&str, &Line> = lines.iter().map(|line| (line.job.as_str(), line)).collect();
        let (mut changed, mut gone) = (false, vec![]);
        let ids: Vec<u64> = self.jobs.keys().copied().collect();
        for id in ids {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            match &mut job.stage {
                Stage::New => {}
                Stage::Unsure(intent, looks) => {
                    let is_it = |line: &&Line| line.name == intent.name && element(&line.job) == intent.element;
                    let found = lines.iter().find(is_it);
                    *looks += 1;
                    changed |= found.is_some() || *looks >= LOOKS;
                    match found {
                        Some(line) => job.known(&line.job),
                        None if *looks >= LOOKS => job.stage = Stage::New,
                        None => {}
                    }
                }
                Stage::Known(_, number) => match by_number.get(number.as_str()) {
                    Some(line) => changed |= job.see(line, now),
                    None => gone.push(id),
                },
            }
        }
        changed | self.ask_accounts(&gone, now)
    }

    /// Absence in the accounts is no answer: they lag, and may be empty.
    fn ask_accounts(&mut self, gone: &[u64], now: Instant) -> bool {
        for id in gone {
            let Some(job) = self.jobs.get_mut(id) else { continue };
            job.missing.get_or_insert((now, 0)).1 += 1;
        }
        let open: Vec<u64> = gone.iter().copied().filter(|id| self.jobs[id].ended.is_none()).collect();
        let numbers: BTreeMap<u64, String> = open.iter().filter_map(|id| Some((*id, self.jobs[id].number()?))).collect();
        if numbers.is_empty() || !self.has_accounting() {
            return false;
        }
        let asked: BTreeSet<&str> = numbers.values().map(String::as_str).collect();
        let known = match self.controller.accounts(&asked.into_iter().collect::<Vec<_>>()) {
            Ok(known) => known.into_iter().collect::<HashMap<_, _>>(),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the accounts are not known just now");
                return false;
            }
        };
        let mut changed = false;
        for (id, number) in &numbers {
            let Some(phase) = known.get(number).filter(|phase| phase.is_over()) else { continue };
            if let Some(job) = self.jobs.get_mut(id) {
                job.ended = Some((*phase, now));
                changed = true;
            }
        }
        changed
    }

    fn has_accounting(&mut self) -> bool {
        let known = self.accounting.or_else(|| {
            let settings = self.controller.settings().ok()?;
            Some(super::doctor::setting(&settings, "AccountingStorageType").is_some_and(|kind| !kind.ends_with("none")))
        });
        self.accounting = known;
        known.unwrap_or(false)
    }

    /// Tells the end, and cancels what may still be in the queue.
    fn end(&mut self, id: u64, over: Over) {
        let Some(job) = self.jobs.remove(&id) else { return };
        let number = job.number().unwrap_or_default();
        if matches!(over, Over::Lost(_) | Over::DeadEnd(_)) && !number.is_empty() {
            let _ = self.controller.cancel(std::slice::from_ref(&number));
        }
        let words = job.intent().map_or_else(String::new, |intent| end_of(&intent.log));
        job.say(News::Over { over, job: number, node: job.seen.node.clone(), words });
        let batch = job.intent().and_then(|intent| intent.batch.clone());
        let is_used = |batch: &PathBuf| {
            self.jobs.values().any(|other| other.intent().is_some_and(|intent| intent.batch.as_ref() == Some(batch)))
        };
        if let Some(batch) = batch.filter(|batch| !is_used(batch)) {
            let _ = fs::remove_dir_all(batch);
        }
    }
}

impl Job {
    fn intent(&self) -> Option<&Intent> {
        match &self.stage {
            Stage::New => None,
            Stage::Unsure(intent, _) | Stage::Known(intent, _) => Some(intent),
        }
    }

    fn number(&self) -> Option<String> {
        match &self.stage {
            Stage::Known(_, number) => Some(number.clone()),
            _ => None,
        }
    }

    /// Notes the number of a job, which for an element of an array is that of the array and its own.
    fn known(&mut self, number: &str) {
        let Stage::Unsure(intent, _) = &self.stage else { return };
        let number = match intent.element {
            Some(element) if !number.contains('_') => format!("{number}_{element}"),
            _ => number.to_owned(),
        };
        let intent = Intent { job: Some(number.clone()), ..intent.clone() };
        // Without the number it is found by its name.
        if let Err(error) = self.order.folder.intend(&intent) {
            tracing::warn!(error = format!("{error:#}"), "the number of a job was not noted");
        }
        self.say(News::Submitted { job: number.clone() });
        self.stage = Stage::Known(intent, number);
    }

    fn say(&self, news: News) {
        // Who no longer listens has been interrupted.
        let _ = self.tell.send(news);
    }

    fn wait(&mut self, reason: &str, doubt: Doubt) {
        if self.seen.reason != reason {
            reason.clone_into(&mut self.seen.reason);
            self.say(News::Waiting { reason: reason.to_owned(), doubt });
        }
    }

    /// Takes note of what the queue says. Whether it is new.
    fn see(&mut self, line: &Line, now: Instant) -> bool {
        self.missing = None;
        let changed = self.seen.state != line.state || self.seen.reason != line.reason;
        if line.phase.is_none() && self.seen.state != line.state {
            tracing::warn!(
                state = line.state,
                job = line.job,
                "Slurm has a word for this that bgh does not know; it counts as running"
            );
        }
        let phase = line.phase.unwrap_or(Phase::Running);
        if phase != Phase::Queued {
            self.stuck = None;
        }
        match phase {
            Phase::Queued => {
                let doubt = Doubt::of(&line.reason);
                self.wait(&line.reason, doubt);
                if doubt < Doubt::DeadEnd {
                    self.stuck = None;
                } else {
                    self.stuck.get_or_insert(now);
                }
            }
            Phase::Running if self.seen.node != line.node => self.say(News::Running { node: line.node.clone() }),
            Phase::Running => {}
            over => drop(self.ended.get_or_insert((over, now))),
        }
        let reason = std::mem::take(&mut self.seen.reason);
        let reason = if phase == Phase::Queued { reason } else { line.reason.clone() };
        let node = if line.node.is_empty() { std::mem::take(&mut self.seen.node) } else { line.node.clone() };
        self.seen = Seen { state: line.state.clone(), reason, node };
        changed
    }

    /// How it ended, if it did, by its folder first and by what Slurm said else.
    fn judge(&mut self, site: &Slurm, now: Instant) -> Option<Over> {
        if matches!(self.stage, Stage::New) {
            return None;
        }
        if self.order.folder.is_over() {
            return Some(Over::Recorded);
        }
        let alive = self.is_alive(site.lost, now);
        let grace = site.poll.min(GRACE);
        if let Some((phase, _)) = self.ended.filter(|(_, since)| now.duration_since(*since) >= grace) {
            return if self.follow_claim() { None } else { Some(Over::Ended(phase)) };
        }
        if let Some((since, looks)) = self.missing
            && looks >= LOOKS
            && now.duration_since(since) >= site.lost
            && alive != Some(true)
        {
            return Some(Over::Lost("neither the queue nor the accounts know it any more".to_owned()));
        }
        if alive == Some(false) && self.ended.is_none() {
            return Some(Over::Lost(format!("it gave no sign of life for {} s", site.lost.as_secs())));
        }
        self.give_up_waiting(site, alive, now)
    }

    /// Where the controller lost track of the start, somebody else will have to try: after a wait, in case the job is alive.
    fn give_up_waiting(&self, site: &Slurm, alive: Option<bool>, now: Instant) -> Option<Over> {
        let stuck = now.duration_since(self.stuck?);
        match Doubt::of(&self.seen.reason) {
            Doubt::LaunchFailed if alive != Some(true) && stuck >= site.poll => {
                Some(Over::Lost(format!("Slurm could not start it: {}", self.seen.reason)))
            }
            Doubt::DeadEnd if stuck >= site.dead_end => Some(Over::DeadEnd(self.seen.reason.clone())),
            _ => None,
        }
    }

    /// Whether who claimed it gave a sign of life lately; `None` while nobody has claimed it. The clock of the node counts only
    /// against itself.
    fn is_alive(&mut self, patience: Duration, now: Instant) -> Option<bool> {
        let beat = self.order.folder.last_beat()?;
        match self.beat {
            Some((last, noticed)) if last == beat => Some(now.duration_since(noticed) < patience),
            _ => {
                self.beat = Some((beat, now));
                Some(true)
            }
        }
    }

    /// Of two jobs for one attempt it is the other one that runs it: that one counts from now on.
    fn follow_claim(&mut self) -> bool {
        let Some(claim) = self.order.folder.claim() else { return false };
        let Stage::Known(intent, number) = &self.stage else { return false };
        if claim.job == *number {
            return false;
        }
        self.stage = Stage::Known(intent.clone(), claim.job);
        (self.ended, self.missing) = (None, None);
        true
    }
}

/// Sixteen hexadecimal digits that no other submission has.
fn token(folder: &Path) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let text = format!("{} {} {since}", folder.display(), std::process::id());
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// `3` of `17_3`.
fn element(job: &str) -> Option<usize> {
    job.split_once('_')?.1.parse().ok()
}

/// Many runs on one cluster shall not ask at the same moment.
fn jittered(interval: Duration) -> Duration {
    let part = f64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos() % 1000) / 1000.0;
    interval.mul_f64(1.0 + 0.1 * part)
}

/// The end of a log.
fn end_of(log: &Path) -> String {
    const BYTES: u64 = 2048;
    let read = || {
        let mut file = fs::File::open(log)?;
        let start = file.metadata()?.len().saturating_sub(BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![];
        file.take(BYTES).read_to_end(&mut bytes)?;
        std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}
