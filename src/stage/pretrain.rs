//! Kind `pretrain`: a network trained to tell fractals apart, the starting weights where no file of natural-image weights is at
//! hand. Images and labels come from equations alone. Runs in the worker.
//!
//! No inputs. Outputs `model` (as of a training), `curves` and `record`.

use serde::{Deserialize, Serialize};

use super::train::Network;
use super::{Kind, Needs, Run};

/// The kind.
pub const KIND: Kind = Kind {
    name: "pretrain",
    version: 2,
    outputs: &["model", "curves", "record"],
    run: Run::Worker,
    needs,
    cost: 80.0,
    random: true,
};

/// Device memory of a pretraining, MiB, as of a training.
fn needs(params: &serde_json::Value) -> Needs {
    let Ok(params) = Params::deserialize(params) else { return Needs::of_worker(0) };
    Needs::of_worker((1024.0 + params.network.width * (1500.0 + params.batch as f64 * 60.0)) as u64)
}

/// Everything that decides a pretraining beside its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The network, as the training that follows wants it.
    pub network: Network,
    /// Side of the rendered images, pixels.
    pub size: usize,
    /// Iterated function systems to tell apart.
    pub categories: usize,
    /// Most fractals in one image.
    pub objects: usize,
    /// Images shown in all.
    pub samples: usize,
    /// Images an update.
    pub batch: usize,
    /// Learning rate after warm-up.
    pub learning_rate: f64,
    /// Share of held-out images that must be told apart before the weights may be used, in [0, 1).
    pub min_accuracy: f64,
}
