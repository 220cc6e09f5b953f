//! Runs one job in a child process and tells how the child ended. Unaware of graph, pools and store.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::{Failure, Interrupt, WorkerFacts};
use crate::stage::job::{JobFolder, JobResult, Progress};

/// How often a running child is looked at.
const PULSE: Duration = Duration::from_millis(20);

/// The worker's executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker(PathBuf);

/// A worker that did its job.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finished {
    pub(super) device: String,
    pub(super) peak_memory: u64,
    pub(super) images_per_second: Option<f64>,
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
        cuda_index: Option<u32>,
        interrupt: &Interrupt,
        mut progressed: impl FnMut(Progress),
    ) -> Result<Finished, Failure> {
        let environment = |error: anyhow::Error| Failure::Environment(format!("{error:#}"));
        let mut child = self.start(job, cuda_index).map_err(environment)?;
        let mut events = Tail::new(job.events());
        let status =
            wait(&mut child, interrupt, || events.read().into_iter().for_each(&mut progressed)).map_err(environment)?;
        match job.result().map_err(environment)? {
            Some(JobResult::Done { device, peak_memory, images_per_second }) => {
                Ok(Finished { device, peak_memory, images_per_second })
            }
            Some(JobResult::Failed(why)) => Err(Failure::Reported(why)),
            Some(JobResult::Interrupted) => Err(Failure::Interrupted),
            None if interrupt.requested() => Err(Failure::Interrupted),
            None => Err(died(status, job)),
        }
    }

    fn start(&self, job: &JobFolder, cuda_index: Option<u32>) -> Result<Child> {
        let stderr = File::create(job.stderr()).with_context(|| format!("cannot write {}", job.stderr().display()))?;
        let mut command = Command::new(&self.0);
        command.arg(job.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        command.env("BGH_PARENT", std::process::id().to_string());
        command.env("CUDA_VISIBLE_DEVICES", cuda_index.map_or_else(String::new, |index| index.to_string()));
        command.spawn().with_context(|| format!("cannot start {}", self.0.display()))
    }
}

/// Waits for the child; passes the first interrupt on as SIGTERM and the second as SIGKILL.
fn wait(child: &mut Child, interrupt: &Interrupt, mut pulse: impl FnMut()) -> Result<ExitStatus> {
    let mut asked = false;
    loop {
        let ended = child.try_wait().context("cannot wait for the worker")?;
        pulse();
        if let Some(status) = ended {
            return Ok(status);
        }
        if interrupt.at_once() {
            child.kill().context("cannot kill the worker")?;
        } else if interrupt.requested() && !asked {
            asked = true;
            let pid = Pid::from_child(child);
            kill_process(pid, Signal::TERM).context("cannot stop the worker")?;
        }
        std::thread::sleep(PULSE);
    }
}

fn died(status: ExitStatus, job: &JobFolder) -> Failure {
    let words = last_words(&job.stderr());
    match status.signal() {
        Some(signal) => Failure::Killed { signal, words },
        None => Failure::Exited { code: status.code().unwrap_or(-1), words },
    }
}

/// The end of a log, as much as fits a message.
fn last_words(log: &Path) -> String {
    const LINES: usize = 5;
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join(" | ");
    if end.is_empty() { "(none)".to_owned() } else { end }
}

/// Reads the lines that were appended to a file since the last look.
struct Tail {
    path: PathBuf,
    at: u64,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self { path, at: 0 }
    }

    fn read(&mut self) -> Vec<Progress> {
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
