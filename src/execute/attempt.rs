//! One attempt at one action: lock, look again, run in a job directory, take the outputs in, and leave the result to be published.
//! Unaware of the graph.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use super::worker::Finished;
use super::{Failure, Interrupt, Machine, guard};
use crate::artifact::Files;
use crate::plan::{Input, Manifest, Step};
use crate::stage::job::{JobFolder, JobSpec, Progress};
use crate::stage::{Run, Task};
use crate::store::{ActionResult, Artifact, Commit, Committer, Digest, Known, Provenance, Sight, Store};

/// Everything that an attempt needs to know.
pub(super) struct Attempt<'a> {
    pub(super) store: &'a Store,
    pub(super) step: &'a Step,
    pub(super) manifest: Manifest,
    pub(super) inputs: BTreeMap<String, Files>,
    /// What the inputs are, for the record.
    pub(super) contents: BTreeMap<String, Artifact>,
    pub(super) forced: bool,
    pub(super) machine: &'a Machine,
    pub(super) cuda_index: Option<u32>,
    pub(super) interrupt: &'a Interrupt,
}

/// An attempt that succeeded.
pub(super) struct Success {
    pub(super) action: Digest,
    pub(super) outputs: BTreeMap<String, Artifact>,
    pub(super) provenance: Provenance,
    /// `None` when another process had made the result meanwhile.
    pub(super) seconds: Option<f64>,
}

/// A result that others may read and that is not published yet. Until it is, the action stays locked and its job directory there.
pub(super) struct Made {
    action: Digest,
    result: ActionResult,
    job: JobFolder,
    lock: Lock,
}

impl Made {
    /// Queues the result; `then` is told when it is safe and visible, or why it is not.
    pub(super) fn commit<'scope>(self, committer: &Committer<'scope>, then: impl FnOnce(Result<(), Failure>) + Send + 'scope) {
        let Self { action, result, job, lock } = self;
        let ended = move |published: Result<()>| {
            let cleared = published.and_then(|()| remove(job.path()));
            drop(lock);
            then(cleared.map_err(environment));
        };
        committer.submit(Commit { action, result, then: Box::new(ended) });
    }
}

/// The lock of an action. It goes when its holder does, by the kernel's doing if need be; then nothing is left to clean up but a file.
struct Lock {
    path: PathBuf,
    _held: File,
}

impl Drop for Lock {
    /// The name goes before the lock, so that a lock on a file without a name is none.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Attempt<'_> {
    /// Makes the result, or finds that another process has made it meanwhile; then there is nothing to publish.
    pub(super) fn run(&self, progressed: impl FnMut(Progress)) -> Result<(Success, Option<Made>), Failure> {
        let action = self.manifest.digest();
        let lock = self.lock(action)?;
        if !self.forced
            && let Ok(Known { outputs, provenance }) = self.store.lookup(action)
        {
            return Ok((Success { action, outputs, provenance, seconds: None }, None));
        }
        let sources = self.sources()?;
        let (job, began, started) = (self.prepare(action).map_err(environment)?, Instant::now(), SystemTime::now());
        let ran = self.execute(&job, progressed);
        self.keep_log(action, &job, &ran).map_err(environment)?;
        let ran = ran?;
        self.sources_are_still(&sources)?;
        let outputs = self.take_outputs(&job).map_err(environment)?;
        let seconds = began.elapsed().as_secs_f64();
        let provenance = provenance(started, seconds, ran);
        let success = Success { action, outputs: outputs.clone(), provenance: provenance.clone(), seconds: Some(seconds) };
        let result =
            ActionResult { outputs, provenance, manifest: self.manifest.leaves().clone(), inputs: self.contents.clone() };
        Ok((success, Some(Made { action, result, job, lock })))
    }

    /// The source files as they are now, which must be as the key says.
    fn sources(&self) -> Result<BTreeMap<&str, Sight>, Failure> {
        let mut sources = BTreeMap::new();
        for (port, input) in &self.step.inputs {
            let Input::Source(files) = input else { continue };
            let sight = self.store.look(files).map_err(environment)?;
            if !self.manifest.has_input(port, sight.artifact.digest()) {
                return Err(changed(port));
            }
            sources.insert(port.as_str(), sight);
        }
        Ok(sources)
    }

    /// A result made of files that changed meanwhile is nobody's.
    fn sources_are_still(&self, before: &BTreeMap<&str, Sight>) -> Result<(), Failure> {
        for (port, now) in self.sources()? {
            if !before.get(port).is_some_and(|before| now.is_unchanged_since(before)) {
                return Err(changed(port));
            }
        }
        Ok(())
    }

    /// Whoever comes second waits, and then finds the result.
    fn lock(&self, action: Digest) -> Result<Lock, Failure> {
        let path = self.store.job_lock(action);
        loop {
            let file = File::options().create(true).append(true).open(&path);
            let file = file.with_context(|| format!("cannot open {}", path.display())).map_err(environment)?;
            let locked = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
            if locked && is_named(&file, &path) {
                return Ok(Lock { path, _held: file });
            }
            if self.interrupt.requested() {
                return Err(Failure::Interrupted);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A fresh job directory, but with the checkpoint of an earlier attempt at the same action.
    fn prepare(&self, action: Digest) -> Result<JobFolder> {
        let job = JobFolder::new(self.store.job(action));
        if job.path().exists() {
            guard::sweep_job(job.path()).with_context(|| format!("{} is still at work", job.path().display()))?;
        }
        fs::create_dir_all(job.path()).with_context(|| format!("cannot make {}", job.path().display()))?;
        for left in ["out", "result.json", "events.jsonl", "stderr.log"] {
            remove(&job.path().join(left))?;
        }
        for port in &self.step.outputs {
            job.port(port)?;
        }
        Ok(job)
    }

    fn execute(&self, job: &JobFolder, progressed: impl FnMut(Progress)) -> Result<Finished, Failure> {
        match self.step.kind.run {
            Run::Here(run) => self.execute_here(run, job),
            Run::Worker => self.execute_in_worker(job, progressed),
        }
    }

    fn execute_here(&self, run: fn(&Task<'_>) -> Result<()>, job: &JobFolder) -> Result<Finished, Failure> {
        let task = Task { params: &self.step.params, seed: self.step.seed, inputs: &self.inputs, job };
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&task)));
        match outcome {
            Ok(Ok(())) => Ok(Finished { device: "cpu".to_owned(), peak_memory: 0, images_per_second: None }),
            Ok(Err(error)) => Err(Failure::Reported(format!("{error:#}"))),
            Err(panic) => Err(Failure::Reported(format!("a fault of bgh itself: {}", said(&*panic)))),
        }
    }

    fn execute_in_worker(&self, job: &JobFolder, progressed: impl FnMut(Progress)) -> Result<Finished, Failure> {
        let worker = self.machine.worker.as_ref().context("no worker was found").map_err(environment)?;
        let device = if self.cuda_index.is_some() { "cuda" } else { "cpu" };
        let spec = JobSpec {
            kind: self.step.kind.name.to_owned(),
            params: self.step.params.clone(),
            seed: self.step.seed.unwrap_or_else(|| crate::seed::Seed::root(0)),
            inputs: self.inputs.clone(),
            device: device.to_owned(),
        };
        job.write_spec(&spec).map_err(environment)?;
        worker.run(job, self.cuda_index, self.step.needs.time_limit, (&self.machine.guard, self.interrupt), progressed)
    }

    fn take_outputs(&self, job: &JobFolder) -> Result<BTreeMap<String, Artifact>> {
        let take = |port: &String| Ok((port.clone(), self.store.take(&job.out().join(port))?));
        self.step.outputs.iter().map(take).collect()
    }

    fn keep_log(&self, action: Digest, job: &JobFolder, ran: &Result<Finished, Failure>) -> Result<()> {
        let path = self.store.log(action);
        let place = || format!("cannot write {}", path.display());
        let mut log = File::create(&path).with_context(place)?;
        writeln!(log, "step {} · action {action}", self.step.label).with_context(place)?;
        if let Ok(mut words) = File::open(job.stderr()) {
            std::io::copy(&mut words, &mut log).with_context(place)?;
        }
        match ran {
            Ok(_) => writeln!(log, "done"),
            Err(failure) => writeln!(log, "failed: {failure}"),
        }
        .with_context(place)
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

/// Whether `path` still names the open file.
fn is_named(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

fn changed(port: &str) -> Failure {
    Failure::SourceChanged(format!(
        "source files of input `{port}` changed while the step was on its way; its result was dropped"
    ))
}

fn environment(error: anyhow::Error) -> Failure {
    Failure::Environment(format!("{error:#}"))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked".to_owned())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
