//! One attempt at one action: lock, look again, run in a job directory, take the outputs in, and leave the result to be published.
//! Unaware of the graph.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::pool::Share;
use super::remote::Signs;
use super::worker::{Finished, Terms};
use super::{Failure, Interrupt, Machine, command, guard, remote};
use crate::artifact::Files;
use crate::plan::{Input, Manifest, Step};
use crate::remote::Remote;
use crate::slurm::Resources;
use crate::stage::job::{JobFolder, JobSpec, Progress};
use crate::stage::{Run, Task};
use crate::store::{ActionResult, Artifact, Claim, Commit, Committer, Digest, Provenance, Sight, Store};

/// Everything that an attempt needs to know.
pub(super) struct Attempt<'a> {
    pub(super) store: &'a Store,
    pub(super) step: &'a Step,
    pub(super) manifest: Manifest,
    pub(super) inputs: BTreeMap<String, Files>,
    /// What the inputs are, for the record.
    pub(super) contents: BTreeMap<String, Artifact>,
    pub(super) forced: bool,
    /// Whether to run it once more and compare.
    pub(super) twice: bool,
    pub(super) machine: &'a Machine,
    pub(super) share: Share,
    /// Longest wall-clock time of a child.
    pub(super) limit: Option<Duration>,
    pub(super) interrupt: &'a Interrupt,
    /// Folder for temporary files, where it is not the job's.
    pub(super) scratch: Option<&'a Path>,
    /// What a job of a cluster asks for.
    pub(super) resources: Resources,
    /// A cache that others share.
    pub(super) remote: Option<&'a Remote>,
}

/// What an attempt made, wherever it ran; its blobs are in the store.
pub(super) struct Work {
    pub(super) outputs: BTreeMap<String, Artifact>,
    pub(super) provenance: Provenance,
    pub(super) device_mib: u64,
    pub(super) warnings: Vec<String>,
}

/// An attempt that succeeded.
pub(super) struct Success {
    pub(super) action: Digest,
    pub(super) outputs: BTreeMap<String, Artifact>,
    pub(super) provenance: Provenance,
    /// `None` when another process had made the result meanwhile.
    pub(super) seconds: Option<f64>,
    /// Largest memory on its accelerator, MiB; 0 where nobody measured it.
    pub(super) device_mib: u64,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
}

/// How an attempt ended.
pub(super) enum Outcome {
    Done(Success),
    Failed(Failure),
    /// Another process is at the same action.
    Elsewhere,
}

impl Success {
    /// What another process made of the action, if it did.
    pub(super) fn by_another(store: &Store, action: Digest) -> Option<Self> {
        let known = store.lookup(action).ok()?;
        Some(Self {
            action,
            outputs: known.outputs,
            provenance: known.provenance,
            seconds: None,
            device_mib: 0,
            warnings: vec![],
        })
    }
}

/// A result that others may read and that is not published yet. Until it is, the action stays claimed and its job directory there.
pub(super) struct Made {
    action: Digest,
    result: ActionResult,
    job: JobFolder,
    claim: Claim,
}

impl Made {
    /// Queues the result; `then` is told when it is safe and visible, or why it is not.
    pub(super) fn commit<'scope>(self, committer: &Committer<'scope>, then: impl FnOnce(Result<(), Failure>) + Send + 'scope) {
        let Self { action, result, job, claim } = self;
        let ended = move |published: Result<()>| {
            let cleared = published.and_then(|()| remove(job.path()));
            drop(claim);
            then(cleared.map_err(environment));
        };
        committer.submit(Commit { action, result, then: Box::new(ended) });
    }
}

impl Attempt<'_> {
    /// Makes the result, or finds that another process has made it meanwhile; then there is nothing to publish.
    pub(super) fn run(&self, mut signs: Signs<'_>) -> (Outcome, Option<Made>) {
        match self.claimed(&mut signs) {
            Ok(Some((success, made))) => (Outcome::Done(success), made),
            Ok(None) => (Outcome::Elsewhere, None),
            Err(failure) => (Outcome::Failed(failure), None),
        }
    }

    /// `None` where another process is at the action.
    fn claimed(&self, signs: &mut Signs<'_>) -> Result<Option<(Success, Option<Made>)>, Failure> {
        let action = self.manifest.digest();
        let Some(claim) = self.store.claim(action).map_err(environment)? else { return Ok(None) };
        if let Some(known) = Success::by_another(self.store, action).filter(|_| !self.forced) {
            return Ok(Some((known, None)));
        }
        if let Some(known) = self.made_by_others(action)? {
            return Ok(Some((known, None)));
        }
        let sources = self.sources()?;
        let Work { outputs, provenance, device_mib, warnings } = match self.machine.cluster_for(self.step) {
            Some(cluster) => self.work_on(cluster, action, signs)?,
            None => self.work_here(action, signs.progressed)?,
        };
        self.sources_are_still(&sources)?;
        let success = Success {
            action,
            outputs: outputs.clone(),
            provenance: provenance.clone(),
            seconds: Some(provenance.seconds),
            device_mib,
            warnings,
        };
        let job = JobFolder::new(self.store.job(action));
        let result =
            ActionResult { outputs, provenance, manifest: self.manifest.leaves().clone(), inputs: self.contents.clone() };
        Ok(Some((success, Some(Made { action, result, job, claim }))))
    }

    /// The result as another machine has shared it. A remote that does not answer has none.
    fn made_by_others(&self, action: Digest) -> Result<Option<Success>, Failure> {
        let Some(remote) = self.remote.filter(|remote| !self.forced && remote.is_read()) else { return Ok(None) };
        let taken = remote.take(self.store, action).map_err(environment)?;
        Ok(taken.and_then(|_| Success::by_another(self.store, action)))
    }

    /// Runs the action in a child of this process, or in this process itself.
    fn work_here(&self, action: Digest, progressed: &mut dyn FnMut(Progress)) -> Result<Work, Failure> {
        let (job, began, started) = (self.prepare(action).map_err(environment)?, Instant::now(), SystemTime::now());
        let ran = self.execute(&job, progressed);
        self.keep_log(action, &job, &ran).map_err(environment)?;
        let work = self.made(&job, ran?, began, started)?;
        if self.twice {
            self.repeat(action, &work.outputs, progressed)?;
        }
        Ok(work)
    }

    /// The same in a folder that somebody else has prepared, and without a log.
    pub(super) fn work(&self, job: &JobFolder) -> Result<Work, Failure> {
        let (began, started) = (Instant::now(), SystemTime::now());
        self.make_ports(job).map_err(environment)?;
        let ran = self.execute(job, &mut drop)?;
        self.made(job, ran, began, started)
    }

    fn made(&self, job: &JobFolder, mut ran: Finished, began: Instant, started: SystemTime) -> Result<Work, Failure> {
        let warnings = std::mem::take(&mut ran.warnings);
        let outputs = self.take_outputs(job).map_err(environment)?;
        let device_mib = ran.device_mib;
        Ok(Work { outputs, provenance: provenance(started, began.elapsed().as_secs_f64(), ran), device_mib, warnings })
    }

    /// The source files as they are now, which must be as the key says.
    fn sources(&self) -> Result<BTreeMap<&str, Sight>, Failure> {
        let mut sources = BTreeMap::new();
        for (port, input) in &self.step.inputs {
            let Input::Source(files) = input else { continue };
            let sight = self.store.look(files).map_err(environment)?;
            if !self.manifest.has_input(port, sight.artifact.digest()) {
                return Err(self.changed(port));
            }
            sources.insert(port.as_str(), sight);
        }
        Ok(sources)
    }

    /// A result made of files that changed meanwhile is nobody's.
    fn sources_are_still(&self, before: &BTreeMap<&str, Sight>) -> Result<(), Failure> {
        for (port, now) in self.sources()? {
            if !before.get(port).is_some_and(|before| now.is_unchanged_since(before)) {
                return Err(self.changed(port));
            }
        }
        Ok(())
    }

    fn changed(&self, port: &str) -> Failure {
        let fact = format!("source files of input `{port}` changed while the step was on its way; its result was dropped");
        let advice = "; where the command itself writes to them, give it copies by `layout = \"copy\"`";
        let is_command = matches!(self.step.kind.run, Run::Command);
        Failure::SourceChanged(if is_command { fact + advice } else { fact })
    }

    /// Runs the action once more, from nothing, and holds the outputs against those of the first time.
    fn repeat(
        &self,
        action: Digest,
        first: &BTreeMap<String, Artifact>,
        progressed: &mut dyn FnMut(Progress),
    ) -> Result<(), Failure> {
        remove(&self.store.job(action).join("checkpoint")).map_err(environment)?;
        let job = self.prepare(action).map_err(environment)?;
        self.execute(&job, progressed)?;
        let second = self.take_outputs(&job).map_err(environment)?;
        let files = differences(first, &second);
        if files.is_empty() { Ok(()) } else { Err(Failure::Differs { files }) }
    }

    /// A fresh job directory, but with the checkpoint of an earlier attempt at the same action.
    fn prepare(&self, action: Digest) -> Result<JobFolder> {
        let job = JobFolder::new(self.store.job(action));
        if job.path().exists() {
            guard::sweep_job(job.path()).with_context(|| format!("{} is still at work", job.path().display()))?;
            remote::withdraw(job.path())?;
            clear(job.path())?;
        }
        fs::create_dir_all(job.path()).with_context(|| format!("cannot make {}", job.path().display()))?;
        self.make_ports(&job)?;
        Ok(job)
    }

    /// A command leaves its outputs where it runs.
    fn make_ports(&self, job: &JobFolder) -> Result<()> {
        let ports = self.step.outputs.iter().filter(|_| !matches!(self.step.kind.run, Run::Command));
        ports.into_iter().try_for_each(|port| job.port(port).map(drop))
    }

    fn execute(&self, job: &JobFolder, progressed: &mut dyn FnMut(Progress)) -> Result<Finished, Failure> {
        match self.step.kind.run {
            Run::Here(run) => self.execute_here(run, job),
            Run::Worker => self.execute_in_worker(job, progressed),
            Run::Command => self.execute_command(job),
        }
    }

    fn execute_here(&self, run: fn(&Task<'_>) -> Result<()>, job: &JobFolder) -> Result<Finished, Failure> {
        let task = Task { params: &self.step.params, seed: self.step.seed, inputs: &self.inputs, job };
        let threads = rayon::ThreadPoolBuilder::new().num_threads(self.share.cpus).build();
        let threads = threads.map_err(|error| Failure::NotStarted(format!("{} threads: {error}", self.share.cpus)))?;
        let outcome = catch_unwind(AssertUnwindSafe(|| threads.install(|| run(&task))));
        match outcome {
            Ok(Ok(())) => Ok(Finished::on_cpu()),
            Ok(Err(error)) => Err(Failure::Reported(format!("{error:#}"))),
            Err(panic) => Err(Failure::Reported(format!("a fault of bgh itself: {}", said(&*panic)))),
        }
    }

    fn execute_in_worker(&self, job: &JobFolder, progressed: &mut dyn FnMut(Progress)) -> Result<Finished, Failure> {
        let worker = self.machine.worker.as_ref().context("no worker was found").map_err(environment)?;
        let device = if self.share.device.is_some() { "cuda" } else { "cpu" };
        let spec = JobSpec {
            kind: self.step.kind.name.to_owned(),
            params: self.step.params.clone(),
            seed: self.step.seed.unwrap_or_else(|| crate::seed::Seed::root(0)),
            inputs: self.inputs.clone(),
            device: device.to_owned(),
            threads: self.share.cpus,
        };
        job.write_spec(&spec).map_err(environment)?;
        worker.run(job, self.terms(), progressed)
    }

    fn execute_command(&self, job: &JobFolder) -> Result<Finished, Failure> {
        let ran = command::run(self.step, &self.inputs, job, self.terms());
        self.inputs_are_whole()?;
        ran
    }

    /// A command sees blobs through links; one that wrote to them has spoilt its own result and theirs.
    fn inputs_are_whole(&self) -> Result<(), Failure> {
        for (port, input) in &self.step.inputs {
            let (Input::Output { .. }, Some(artifact)) = (input, self.contents.get(port)) else { continue };
            let spoilt = artifact.0.iter().find(|(_, blob)| !self.store.is_whole(blob));
            if let Some((name, blob)) = spoilt {
                let _ = fs::remove_file(self.store.blob(blob.digest));
                let advice = "give it copies by `layout = \"copy\"`; the next run makes the file anew";
                return Err(Failure::Reported(format!("the command changed its input `{port}` ({name}): {advice}")));
            }
        }
        Ok(())
    }

    fn terms(&self) -> Terms<'_> {
        Terms {
            share: self.share,
            limit: self.limit,
            guard: &self.machine.guard,
            interrupt: self.interrupt,
            scratch: self.scratch,
        }
    }

    fn take_outputs(&self, job: &JobFolder) -> Result<BTreeMap<String, Artifact>> {
        let left = |port: &String| Ok((port.clone(), Files::of_folder(&job.out().join(port))?));
        let outputs: BTreeMap<String, Files> = match self.step.kind.run {
            Run::Command => command::outputs(self.step, job)?,
            Run::Here(_) | Run::Worker => self.step.outputs.iter().map(left).collect::<Result<_>>()?,
        };
        outputs.into_iter().map(|(port, files)| Ok((port, self.store.take_files(&files)?))).collect()
    }

    /// What the job printed becomes the log of its action, and how it ended the last line of it.
    pub(super) fn keep_log(&self, action: Digest, job: &JobFolder, ran: &Result<Finished, Failure>) -> Result<()> {
        let (words, path) = (job.stderr(), self.store.log(action));
        let place = || format!("cannot write {}", path.display());
        let mut log = File::options().create(true).append(true).open(&words).with_context(place)?;
        match ran {
            Ok(_) => writeln!(log, "done"),
            Err(failure) => writeln!(log, "failed: {failure}"),
        }
        .with_context(place)?;
        fs::rename(&words, &path).with_context(place)
    }
}

fn provenance(started: SystemTime, seconds: f64, ran: Finished) -> Provenance {
    Provenance {
        bgh: env!("CARGO_PKG_VERSION").to_owned(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        started: started.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
        seconds,
        device: ran.device,
        peak_memory: ran.peak_memory,
        images_per_second: ran.images_per_second,
    }
}

/// Files whose bytes differ between two results, or that only one of them has.
pub(super) fn differences(first: &BTreeMap<String, Artifact>, second: &BTreeMap<String, Artifact>) -> Vec<String> {
    let files = |outputs: &BTreeMap<String, Artifact>| -> BTreeSet<(String, Digest)> {
        let named = |(port, artifact): (&String, &Artifact)| {
            artifact.0.iter().map(|(name, blob)| (format!("{port}/{name}"), blob.digest)).collect::<Vec<_>>()
        };
        outputs.iter().flat_map(named).collect()
    };
    let names: BTreeSet<String> = files(first).symmetric_difference(&files(second)).map(|(name, _)| name.clone()).collect();
    names.into_iter().collect()
}

/// Removes what an earlier attempt left, but for its checkpoint.
fn clear(job: &Path) -> Result<()> {
    let place = || format!("cannot clear {}", job.display());
    for entry in fs::read_dir(job).with_context(place)? {
        let entry = entry.with_context(place)?;
        if entry.file_name() != "checkpoint" {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

pub(super) fn environment(error: anyhow::Error) -> Failure {
    Failure::Environment(format!("{error:#}"))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked".to_owned())
}

pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
