//! Learning curves: `curves.csv`, a row an epoch.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Files, table};

const TABLE: &str = "curves.csv";

/// One epoch of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Epochs finished, from 0 (before the first update).
    pub epoch: usize,
    /// Updates made so far.
    pub updates: usize,
    /// Learning rate of the last update.
    pub learning_rate: f64,
    /// Mean training loss over the epoch; empty before the first.
    pub train_loss: Option<f64>,
    /// Loss on the tuning set.
    pub tune_loss: f64,
    /// Share of tuning images whose most probable class is right.
    pub tune_accuracy: f64,
}

/// The epochs of one training in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves(pub Vec<Curve>);

impl Curves {
    /// Writes `curves.csv` into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        table::write(&folder.join(TABLE), &self.0)
    }

    /// Reads `curves.csv`.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        table::read(files.path(TABLE)?).map(Self)
    }
}
