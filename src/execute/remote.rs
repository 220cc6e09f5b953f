//! One attempt as a job of a cluster, seen from the run: a folder, an order, and what comes of them. An attempt that an earlier run
//! left behind, waiting, running or done, is taken over.
//!
//! ```text
//! jobs-v1/<action>/
//!   attempt-3/      the last attempt; those before it are gone, and their jobs, if any lives, end when they notice
//!   checkpoint/     what the next attempt goes on from
//!   excluded        the node that failed last
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Failure;
use super::attempt::{Attempt, Work, differences, environment, remove};
use super::failure::Cause;
use super::learned::Took;
use super::node::{NodeExit, NodeInput, NodeTask, has_checkpoint};
use super::worker::{Finished, Tail};
use crate::plan::Input;
use crate::site::Request;
use crate::slurm::{AttemptFolder, Cluster, Doubt, EXEC_ATTEMPT, News, Order, Over, Phase, Resources, Script, Ticket};
use crate::stage::job::{JobFolder, Progress};
use crate::stage::{Needs, Run};
use crate::store::Digest;

/// How often progress is looked at, and the user heard.
const PULSE: Duration = Duration::from_millis(500);

/// Where a job stands, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placement {
    /// Slurm has it.
    Submitted { job: String },
    /// It waits; whether it may wait for ever.
    Waiting { reason: String, doubt: bool },
    /// It runs there.
    Running { node: String },
}

/// What an attempt says before it ends.
pub(super) struct Signs<'s> {
    pub(super) progressed: &'s mut dyn FnMut(Progress),
    pub(super) placed: &'s mut dyn FnMut(Placement),
}

impl Attempt<'_> {
    /// Runs the action as a job, or takes over the one that an earlier run submitted.
    pub(super) fn work_on(&self, cluster: &Cluster, action: Digest, signs: &mut Signs<'_>) -> Result<Work, Failure> {
        let attempts = Attempts(JobFolder::new(self.store.job(action)));
        let work = self.one(cluster, action, &attempts, self.forced, signs)?;
        if self.twice {
            remove(&attempts.checkpoint()).map_err(environment)?;
            let second = self.one(cluster, action, &attempts, true, signs)?;
            let files = differences(&work.outputs, &second.outputs);
            if !files.is_empty() {
                return Err(Failure::Differs { files });
            }
        }
        Ok(work)
    }

    fn one(
        &self,
        cluster: &Cluster,
        action: Digest,
        attempts: &Attempts,
        fresh: bool,
        signs: &mut Signs<'_>,
    ) -> Result<Work, Failure> {
        let folder = attempts.current(fresh).map_err(environment)?;
        if folder.claim().is_none() {
            self.write_task(&folder, cluster).map_err(environment)?;
        }
        let order = self.order(cluster, &folder, attempts);
        let worked = self.follow(cluster, &folder, cluster.place(order), signs);
        if let Err(Failure::Slurm { cause: Cause::Infrastructure | Cause::Node(_), .. }) = &worked {
            attempts.exclude(&worked);
        }
        if matches!(worked, Err(Failure::Interrupted)) {
            return worked;
        }
        let logged = worked.as_ref().map(|_| Finished::on_cpu()).map_err(Clone::clone);
        self.keep_log(action, &JobFolder::new(folder.path()), &logged).map_err(environment)?;
        worked
    }

    fn order(&self, cluster: &Cluster, folder: &AttemptFolder, attempts: &Attempts) -> Order {
        let mut request = cluster.request(&self.step.names());
        if let Some(node) = attempts.excluded() {
            let excluded = request.plain.entry("--exclude").or_default();
            *excluded = if excluded.is_empty() { node } else { format!("{excluded},{node}") };
        }
        let command = vec![cluster.program().to_string_lossy().into_owned(), EXEC_ATTEMPT.to_owned()];
        Order {
            folder: folder.clone(),
            script: Script::new(&request, &self.resources, command),
            stage: word(self.step.group()),
            label: self.step.label.clone(),
            batches: self.store.root().join("slurm-v1"),
        }
    }

    fn write_task(&self, folder: &AttemptFolder, cluster: &Cluster) -> Result<()> {
        let absolute = |path: &Path| std::path::absolute(path).with_context(|| format!("{} has no place", path.display()));
        let input = |(port, input): (&String, &Input)| {
            let files = self.inputs.get(port).into_iter().flat_map(|files| files.iter());
            let files = files.map(|(name, path)| Ok((name.to_owned(), absolute(path)?))).collect::<Result<_>>()?;
            let contents = self.contents.get(port).cloned().unwrap_or_default();
            Ok((port.clone(), NodeInput { is_source: matches!(input, Input::Source(_)), files, contents }))
        };
        let passed = self.step.setting.pass_env.iter();
        let environment: BTreeMap<_, _> = passed.filter_map(|name| Some((name.clone(), std::env::var(name).ok()?))).collect();
        let worker = self.machine.worker.as_ref().map(|worker| absolute(worker.path())).transpose()?;
        let task = NodeTask {
            kind: self.step.kind.name.to_owned(),
            label: self.step.label.clone(),
            params: self.step.params.clone(),
            seed: self.step.seed,
            inputs: self.step.inputs.iter().map(input).collect::<Result<_>>()?,
            outputs: self.step.outputs.clone(),
            copies: self.step.setting.copies,
            environment,
            cache: absolute(self.store.root())?,
            read_caches: self.store.below().map(absolute).collect::<Result<_>>()?,
            worker,
            limit: self.limit.map(|limit| limit.as_secs_f64()),
            strict_memory: cluster.request(&self.step.names()).strict_memory.unwrap_or(true),
        };
        let place = || format!("cannot write {}", folder.task().display());
        // A variable that is passed may be a secret: nobody else may read it.
        let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(folder.path()).with_context(place)?;
        serde_json::to_writer_pretty(file.as_file_mut(), &task).with_context(place)?;
        file.as_file().sync_all().with_context(place)?;
        file.persist(folder.task()).map(drop).with_context(place)
    }

    /// Hears of the job until it is over. An interrupt leaves what Slurm has got to go on, unless the site says otherwise.
    fn follow(
        &self,
        cluster: &Cluster,
        folder: &AttemptFolder,
        ticket: Ticket,
        signs: &mut Signs<'_>,
    ) -> Result<Work, Failure> {
        let mut events = Tail::new(JobFolder::new(folder.path()).events());
        let mut is_cancelled = false;
        loop {
            if self.interrupt.requested() && !is_cancelled {
                if !cluster.site().cancel {
                    cluster.withdraw(&ticket);
                    return Err(Failure::Interrupted);
                }
                cluster.cancel(&ticket);
                is_cancelled = true;
            }
            if self.interrupt.at_once() {
                return Err(Failure::Interrupted);
            }
            match ticket.news().recv_timeout(PULSE) {
                Ok(News::Submitted { job }) => (signs.placed)(Placement::Submitted { job }),
                Ok(News::Waiting { reason, doubt }) => {
                    (signs.placed)(Placement::Waiting { reason, doubt: doubt >= Doubt::DeadEnd });
                }
                Ok(News::Running { node }) => (signs.placed)(Placement::Running { node }),
                Ok(News::Over { over, job, node, words }) => {
                    events.read().into_iter().for_each(&mut signs.progressed);
                    return settle(folder, over, End { job, node, words, is_cancelled });
                }
                Err(RecvTimeoutError::Timeout) => events.read().into_iter().for_each(&mut signs.progressed),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::Environment("BUG: nobody speaks with Slurm any more".to_owned()));
                }
            }
        }
    }
}

/// The end of a job as far as Slurm told it.
struct End {
    job: String,
    node: String,
    words: String,
    is_cancelled: bool,
}

/// What a job came to. One without a record is given up first, so that it cannot succeed any more; if it just has, that counts.
fn settle(folder: &AttemptFolder, over: Over, end: End) -> Result<Work, Failure> {
    if over != Over::Recorded {
        folder.end(&NodeExit::GivenUp).map_err(environment)?;
    }
    // Nobody reads the task of an attempt that is over, and it tells where the author's files are.
    fs::remove_file(folder.task()).ok();
    match folder.exit::<NodeExit>().map_err(environment)? {
        Some(NodeExit::Done { outputs, provenance, device_mib, warnings }) => {
            Ok(Work { outputs, provenance, device_mib, warnings })
        }
        Some(NodeExit::Failed(failure)) => Err(failure),
        Some(NodeExit::GivenUp) | None => Err(failure(folder, over, end)),
    }
}

fn failure(folder: &AttemptFolder, over: Over, end: End) -> Failure {
    let End { job, node, words, is_cancelled } = end;
    let said = |text: &str| {
        let lines: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(5)..].join(" | ");
        if last.is_empty() { text.to_owned() } else { format!("{text}; its last words: {last}") }
    };
    let on = if node.is_empty() { String::new() } else { format!(" on {node}") };
    let (cause, text) = match over {
        Over::Ended(Phase::Cancelled) if is_cancelled => return Failure::Interrupted,
        // A node that cannot start a job has it cancelled where it may not be queued again: nobody's wish.
        Over::Ended(Phase::Cancelled) if folder.claim().is_none() && !node.is_empty() => {
            (Cause::Infrastructure, format!("it was cancelled before bgh could start{on}"))
        }
        Over::Ended(Phase::Cancelled) => (Cause::Cancelled, "it was cancelled, and not by this run".to_owned()),
        Over::Ended(Phase::TimeLimit) => {
            (Cause::TimeLimit { checkpoint: has_checkpoint(folder.path()) }, "its time was over".to_owned())
        }
        Over::Ended(Phase::OutOfMemory) => (Cause::Memory, "its memory ran out".to_owned()),
        // Slurm's own watch over memory kills and says so in the log alone.
        Over::Ended(Phase::Failed) if words.contains("memory limit") || words.contains("oom-kill") => {
            (Cause::Memory, "its memory ran out".to_owned())
        }
        Over::Ended(Phase::Preempted) => (Cause::Preempted, format!("another job took its place{on}")),
        Over::Ended(Phase::NodeFailed) => (Cause::Node(node), format!("its node failed{on}")),
        Over::Ended(Phase::Failed) if folder.claim().is_none() => (
            Cause::Launch,
            format!(
                "it ended before bgh could start{on}: see the prologue, and whether the node sees {}",
                folder.path().display()
            ),
        ),
        Over::Ended(_) => (Cause::Infrastructure, format!("it ended{on} and left no record")),
        Over::Lost(why) => (Cause::Infrastructure, format!("{why}{on}")),
        Over::DeadEnd(reason) => (Cause::DeadEnd, format!("it will never start ({reason}) and was cancelled")),
        Over::Refused(why) => (Cause::Refused, why),
        Over::Recorded => (Cause::Infrastructure, "its record is gone".to_owned()),
    };
    Failure::Slurm { cause, job, words: said(&text) }
}

/// The folder of an action, with its attempts.
struct Attempts(JobFolder);

impl Attempts {
    fn checkpoint(&self) -> PathBuf {
        self.0.path().join("checkpoint")
    }

    /// The attempt that is under way, or whose success nobody has taken; else, or where it has to be `fresh`, a new one.
    fn current(&self, fresh: bool) -> Result<AttemptFolder> {
        let place = || format!("cannot look into {}", self.0.path().display());
        fs::create_dir_all(self.0.path()).with_context(place)?;
        let found = self.0.attempts();
        let last = found.last().map_or(0, |(number, _)| *number);
        if let Some(folder) = found.last().map(|(_, path)| AttemptFolder::new(path)) {
            match folder.exit::<NodeExit>()? {
                None => return Ok(folder),
                Some(NodeExit::Done { .. }) if !fresh => return Ok(folder),
                Some(_) => {}
            }
        }
        let folder = self.0.path().join(format!("attempt-{}", last + 1));
        for (_, earlier) in &found {
            self.keep_checkpoint(earlier)?;
            remove(earlier)?;
        }
        fs::create_dir(&folder).with_context(place)?;
        if self.checkpoint().exists() {
            fs::rename(self.checkpoint(), folder.join("checkpoint")).with_context(place)?;
        }
        Ok(AttemptFolder::new(folder))
    }

    /// Gives up what a cluster may still be at, so that this machine can go on from there.
    fn withdraw(&self) -> Result<()> {
        for (_, earlier) in self.0.attempts() {
            AttemptFolder::new(&earlier).end(&NodeExit::GivenUp)?;
            self.keep_checkpoint(&earlier)?;
        }
        Ok(())
    }

    fn keep_checkpoint(&self, earlier: &Path) -> Result<()> {
        if !has_checkpoint(earlier) {
            return Ok(());
        }
        remove(&self.checkpoint())?;
        fs::rename(earlier.join("checkpoint"), self.checkpoint()).context("cannot keep a checkpoint")
    }

    /// The node that the next attempt had better not run on.
    fn excluded(&self) -> Option<String> {
        fs::read_to_string(self.0.path().join("excluded")).ok().filter(|node| !node.is_empty())
    }

    fn exclude(&self, worked: &Result<Work, Failure>) {
        let Err(Failure::Slurm { cause: Cause::Node(node), .. }) = worked else { return };
        let _ = fs::write(self.0.path().join("excluded"), node);
    }
}

/// Gives up the attempts of a cluster at the job in `folder`; their last checkpoint is the job's.
pub(super) fn withdraw(folder: &Path) -> Result<()> {
    Attempts(JobFolder::new(folder)).withdraw()
}

/// What a step may ask for: what it declares, else what it or its like took, else what the site says.
pub(super) fn resources(needs: Needs, took: Option<Took>, request: &Request, grown: Grown, run: &Run) -> Resources {
    // A peak was measured on one occasion; the next may be a little higher.
    let learned_memory = took.map(|took| took.memory_mib).filter(|mib| *mib > 0).map(|mib| mib + mib / 4 + 128);
    let memory = needs.memory_mib.or(learned_memory).or(request.memory_mib);
    let learned_time = took.filter(|_| grown.time == 0).map(|took| Duration::from_secs_f64(4.0 * took.seconds + 600.0));
    let most = request.time.or(needs.time_limit);
    let time = most.map(|most| learned_time.map_or(most, |learned| learned.min(most)));
    let factor = |growth: Option<f64>, default: f64, times: u32| growth.unwrap_or(default).powi(times.cast_signed());
    Resources {
        cpus: needs.cpus,
        memory_mib: memory.map(|mib| (mib as f64 * factor(request.memory_growth, MEMORY_GROWTH, grown.memory)).ceil() as u64),
        time: time.map(|time| time.mul_f64(factor(request.time_growth, 1.0, grown.time))),
        gpus: needs.device_mib.map_or(0, |_| request.gpus.unwrap_or(0)),
        checkpoints: matches!(run, Run::Worker),
    }
}

/// Factor of the memory of a job after it ran out, where the site names none.
pub(super) const MEMORY_GROWTH: f64 = 2.0;

/// How often an attempt of a step ran out of memory or time before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grown {
    pub(super) memory: u32,
    pub(super) time: u32,
}

/// A name of letters, digits, `-` and `_`.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect()
}
