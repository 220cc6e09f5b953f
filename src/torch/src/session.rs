//! One job while it runs: its order, its folder, its device, and the wish to stop.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bgh::artifact::Files;
use bgh::stage::job::{JobFolder, JobSpec, Progress, TrainingProgress};
use serde::de::DeserializeOwned;
use tch::Device;

use crate::process::StopFlag;

/// Least time between two progress events: readers look at them, they do not count them.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// How a kind ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every output is complete.
    Done,
    /// Stopped as asked; a checkpoint holds what was done.
    Interrupted,
}

/// A running job.
#[derive(Debug)]
pub struct Session {
    /// Its directory.
    pub folder: JobFolder,
    /// What to do.
    pub spec: JobSpec,
    /// Where to compute.
    pub device: Device,
    /// Raised when it shall stop.
    pub stop: StopFlag,
    /// Training images a second, once a training has ended.
    pub images_per_second: Option<f64>,
    reported: Option<Instant>,
}

impl Session {
    /// The job in `folder`.
    pub fn new(folder: JobFolder, spec: JobSpec, device: Device, stop: StopFlag) -> Self {
        Self { folder, spec, device, stop, images_per_second: None, reported: None }
    }

    /// The kind's parameters.
    ///
    /// # Errors
    /// When they are not what the kind expects.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P> {
        serde_json::from_value(self.spec.params.clone()).with_context(|| format!("parameters of kind `{}`", self.spec.kind))
    }

    /// The artifact at an input port.
    ///
    /// # Errors
    /// When nothing is connected.
    pub fn input(&self, port: &str) -> Result<&Files> {
        let kind = &self.spec.kind;
        self.spec.inputs.get(port).with_context(|| format!("kind `{kind}`: nothing is connected to input `{port}`"))
    }

    /// Appends a progress event, unless the last one is fresh and this is not the end.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn report(&mut self, done: usize, total: usize, unit: &str, training: Option<TrainingProgress>) -> Result<()> {
        if done < total && self.reported.is_some_and(|last| last.elapsed() < REPORT_EVERY) {
            return Ok(());
        }
        self.reported = Some(Instant::now());
        let (done, total) = (done as u64, total as u64);
        self.folder.report(&Progress { done, total, unit: unit.into(), training })
    }
}
