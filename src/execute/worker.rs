//! Runs one job in a child process and tells how the child ended. Unaware of graph, pools and store.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::child::{Child, last_words};
use super::pool::Share;
use super::{Failure, Guard, Interrupt, WorkerFacts};
use crate::stage::job::{JobFolder, JobResult, Progress};

/// How often a running worker's progress is looked at.
const PULSE: Duration = Duration::from_millis(100);

/// The worker's executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker(PathBuf);

/// A worker that did its job.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finished {
    pub(super) device: String,
    pub(super) peak_memory: u64,
    pub(super) images_per_second: Option<f64>,
    /// Largest memory on its accelerator, MiB; 0 where nobody measured it.
    pub(super) device_mib: u64,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
}

impl Finished {
    /// On the processor, with nothing measured.
    pub(super) fn on_cpu() -> Self {
        let device = "cpu".to_owned();
        Self { device, peak_memory: 0, images_per_second: None, device_mib: 0, warnings: vec![] }
    }
}

/// How a child is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) share: Share,
    /// Longest wall-clock time.
    pub(super) limit: Option<Duration>,
    pub(super) guard: &'a Guard,
    pub(super) interrupt: &'a Interrupt,
    /// Folder for temporary files, where it is not the job's.
    pub(super) scratch: Option<&'a Path>,
}

impl Worker {
    /// `BGH_TORCH`, else `bgh-torch` beside this executable, else on the `PATH`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self> {
        let named = std::env::var_os("BGH_TORCH").map(PathBuf::from);
        let beside = std::env::current_exe().ok().map(|path| path.with_file_name("bgh-torch"));
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&paths).map(|folder| folder.join("bgh-torch"));
        let mut candidates: Vec<PathBuf> = named.into_iter().collect();
        if candidates.is_empty() {
            candidates = beside.into_iter().chain(on_path).collect();
        }
        let found = candidates.iter().find(|path| path.is_file());
        let advice = "build it with `make build`, install it with `make install`, or name it in BGH_TORCH";
        let tried = || candidates.first().map_or_else(String::new, |path| format!(" (looked first at {})", path.display()));
        found.cloned().map(Self).with_context(|| format!("the worker `bgh-torch` is not there{}; {advice}", tried()))
    }

    /// The program at `path`.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Asks the worker about itself; it has to load libtorch for the answer.
    ///
    /// # Errors
    /// When it does not start or does not answer.
    pub fn facts(&self) -> Result<WorkerFacts> {
        let output = Command::new(&self.0).arg("--version-json").output();
        let output = output.with_context(|| format!("cannot start {}", self.0.display()))?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            let words = String::from_utf8_lossy(&output.stderr);
            format!("{} does not work: {}", self.0.display(), words.trim())
        })
    }

    /// Runs the job to its end, passing on its progress.
    pub(super) fn run(
        &self,
        job: &JobFolder,
        terms: Terms<'_>,
        mut progressed: impl FnMut(Progress),
    ) -> Result<Finished, Failure> {
        let environment = |error: anyhow::Error| Failure::Environment(format!("{error:#}"));
        let command = self.command(job, terms.share).map_err(environment)?;
        let child = Child::start(command, terms.guard, job.path()).map_err(|error| Failure::start(&self.0, &error))?;
        let mut events = Tail::new(job.events());
        let look = || events.read().into_iter().for_each(&mut progressed);
        let ended = child
            .wait(terms.limit, terms.interrupt, Some(PULSE), look)
            .context("cannot wait for the worker")
            .map_err(environment)?;
        match job.result().map_err(environment)? {
            Some(JobResult::Done { device, peak_memory, images_per_second, device_memory }) => {
                let peak_memory = peak_memory.max(ended.peak_memory);
                Ok(Finished {
                    device,
                    peak_memory,
                    images_per_second,
                    device_mib: device_memory.unwrap_or(0) >> 20,
                    warnings: vec![],
                })
            }
            Some(JobResult::Failed(why)) => Err(Failure::of_report(why)),
            Some(JobResult::Interrupted) => Err(Failure::Interrupted),
            None => {
                let log = job.stderr();
                Err(ended.failure(&log).unwrap_or_else(|| Failure::Exited { code: 0, words: last_words(&log) }))
            }
        }
    }

    fn command(&self, job: &JobFolder, share: Share) -> Result<Command> {
        let stderr = File::create(job.stderr()).with_context(|| format!("cannot write {}", job.stderr().display()))?;
        let mut command = Command::new(&self.0);
        command.arg(job.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        command.env("BGH_PARENT", std::process::id().to_string());
        share.tell(&mut command);
        Ok(command)
    }
}

/// Reads the lines that were appended to a file since the last look.
pub(super) struct Tail {
    path: PathBuf,
    at: u64,
}

impl Tail {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, at: 0 }
    }

    pub(super) fn read(&mut self) -> Vec<Progress> {
        let Ok(mut file) = File::open(&self.path) else { return vec![] };
        if file.seek(SeekFrom::Start(self.at)).is_err() {
            return vec![];
        }
        let (mut reader, mut line, mut events) = (BufReader::new(file), String::new(), vec![]);
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
            self.at += line.len() as u64;
            events.extend(serde_json::from_str::<Progress>(&line).ok());
            line.clear();
        }
        events
    }
}
