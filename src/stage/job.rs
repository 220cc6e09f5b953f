//! The contract between the executor and the worker: a job is a directory.
//!
//! ```text
//! job.json        what to do (written before the worker starts)
//! out/<port>/…    what it made
//! checkpoint/     private to the kind; kept when the worker dies, so that the next attempt goes on from there
//! events.jsonl    progress, a line an event
//! stderr.log      what it printed
//! result.json     renamed into place last; without it the worker died
//! ```
//!
//! The same directory serves a child process and, on a shared disk, a cluster job.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::artifact::Files;
use crate::seed::Seed;

/// What `job.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Registered name of the stage kind.
    pub kind: String,
    /// The kind's parameters, defaults filled in.
    pub params: serde_json::Value,
    /// The random stream of this step.
    pub seed: Seed,
    /// The artifact at each input port.
    pub inputs: BTreeMap<String, Files>,
    /// `cpu` or `cuda` (which one, `CUDA_VISIBLE_DEVICES` says).
    pub device: String,
    /// CPU slots that the job holds. Arithmetic whose bits depend on the number of threads keeps to one.
    #[serde(default = "one")]
    pub threads: usize,
}

/// What `result.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobResult {
    /// Every output is complete.
    Done {
        /// The device as its driver names it.
        device: String,
        /// Largest resident memory of the worker, bytes.
        peak_memory: u64,
        /// Training images a second, of trainings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images_per_second: Option<f64>,
        /// Largest memory taken on the accelerator, bytes, where it was measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_memory: Option<u64>,
    },
    /// The kind refused or failed; the text says place, fact and advice.
    Failed(String),
    /// Asked to stop: the checkpoint is written.
    Interrupted,
}

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Units finished.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// What is counted (`updates`, `images`).
    pub unit: String,
    /// How a training goes; absent where nothing is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingProgress>,
}

/// How a training goes at one update.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingProgress {
    /// Epochs finished.
    pub epoch: usize,
    /// Training loss of the update.
    pub loss: f64,
    /// Loss on the tuning set after the last epoch.
    pub tune_loss: f64,
    /// Share of tuning images whose class was told then, in [0, 1].
    pub tune_accuracy: f64,
    /// Learning rate of the update.
    pub learning_rate: f64,
    /// Training images a second since the worker started, looks at the tuning set included.
    pub images_per_second: f64,
    /// Seconds that the planned updates still take at this pace.
    pub seconds_left: f64,
    /// Largest resident memory of the worker so far, bytes; 0 where the kernel does not tell.
    pub peak_memory: u64,
}

/// A job directory by its parts.
#[derive(Debug, Clone)]
pub struct JobFolder(PathBuf);

impl JobFolder {
    /// The job in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The job of the attempt that is under way: this one, or, where a cluster runs it, the last one below it.
    #[must_use]
    pub fn living(&self) -> Self {
        self.attempts().pop().map_or_else(|| self.clone(), |(_, path)| Self(path))
    }

    /// Attempts that a cluster runs or ran, with their numbers, the last one last.
    pub fn attempts(&self) -> Vec<(u32, PathBuf)> {
        let numbered = |entry: fs::DirEntry| {
            let name = entry.file_name();
            Some((name.to_str()?.strip_prefix("attempt-")?.parse().ok()?, entry.path()))
        };
        let mut found: Vec<_> = fs::read_dir(&self.0).into_iter().flatten().flatten().filter_map(numbered).collect();
        found.sort();
        found
    }

    /// Where the outputs of `port` go; the folder is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn port(&self, port: &str) -> Result<PathBuf> {
        made(self.out().join(port))
    }

    /// The folder of all outputs.
    pub fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    /// Where the kind may keep what the next attempt goes on from.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn checkpoint(&self) -> Result<PathBuf> {
        made(self.0.join("checkpoint"))
    }

    /// The worker's standard error.
    pub fn stderr(&self) -> PathBuf {
        self.0.join("stderr.log")
    }

    /// The progress log.
    pub fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// Reads `job.json`.
    ///
    /// # Errors
    /// When it is missing or not a job.
    pub fn spec(&self) -> Result<JobSpec> {
        read(&self.0.join("job.json"))
    }

    /// Writes `job.json`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_spec(&self, spec: &JobSpec) -> Result<()> {
        write_renamed(&self.0.join("job.json"), spec)
    }

    /// Reads `result.json`; `None` where the worker left none.
    ///
    /// # Errors
    /// When it is there and cannot be understood.
    pub fn result(&self) -> Result<Option<JobResult>> {
        let path = self.0.join("result.json");
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }

    /// Publishes the result, the worker's last act.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_result(&self, result: &JobResult) -> Result<()> {
        write_renamed(&self.0.join("result.json"), result)
    }

    /// Appends one event.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn report(&self, progress: &Progress) -> Result<()> {
        let path = self.events();
        let place = || format!("cannot write {}", path.display());
        let mut line = serde_json::to_string(progress).with_context(place)?;
        line.push('\n');
        let mut log = fs::OpenOptions::new().create(true).append(true).open(&path).with_context(place)?;
        log.write_all(line.as_bytes()).with_context(place)
    }
}

fn one() -> usize {
    1
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let place = || format!("cannot read {}", path.display());
    serde_json::from_slice(&fs::read(path).with_context(place)?).with_context(place)
}

fn write_renamed<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let aside = path.with_extension("json.part");
    let mut file = fs::File::create(&aside).with_context(place)?;
    file.write_all(&serde_json::to_vec_pretty(value).with_context(place)?).with_context(place)?;
    file.sync_all().with_context(place)?;
    fs::rename(&aside, path).with_context(place)
}
