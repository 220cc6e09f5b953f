//! What a training was: `training.json`, free of times and hosts, so that equal trainings have equal bytes.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};
use crate::weights::Left;

const RECORD: &str = "training.json";

/// The facts of one training that tables and methods text cite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Network by its registered name.
    pub network: String,
    /// Learnable numbers in the network, auxiliary heads included.
    pub parameters: usize,
    /// Where the starting weights came from, in words (`untrained`, `formula-pretrained: …`, a file's name).
    pub start: String,
    /// The formula pretraining that made the starting weights, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<Pretraining>,
    /// Training images.
    pub images: usize,
    /// Epochs that were planned.
    pub planned_epochs: usize,
    /// Epochs trained: fewer than planned where the training was stopped early.
    pub epochs: usize,
    /// Weight updates made.
    pub updates: usize,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Tuning loss at that epoch.
    pub best_tune_loss: f64,
    /// Layers whose weights were loaded from the starting weights.
    pub loaded: Vec<String>,
    /// Layers that started from their filler although starting weights were given.
    pub reinitialised: Vec<Left>,
    /// Layers of the starting weights that the network lacks.
    pub ignored: Vec<Left>,
}

/// What a formula pretraining came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pretraining {
    /// Version of the equations that images and labels come from.
    pub formula: u32,
    /// Weight updates made.
    pub updates: usize,
    /// Loss on held-out images at the end.
    pub loss: f64,
    /// Share of held-out images told apart at the end.
    pub accuracy: f64,
}

impl TrainingRecord {
    /// Writes `training.json` into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        table::write_json(&folder.join(RECORD), self)
    }

    /// Reads `training.json`.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        table::read_json(files.path(RECORD)?)
    }
}
