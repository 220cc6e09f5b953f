//! Kind `train`: one network on one image set, its weights chosen on the tuning set. Runs in the worker.
//!
//! Inputs `train` and `tune` (image sets), optionally `start` (a weight file or a pretraining's `model`). Outputs `model`
//! (`weights.safetensors`, `mean.safetensors`, `model.json`), `curves` and `record`.

use super::{Kind, Run};
use serde::{Deserialize, Serialize};

/// Names of the networks that the worker can build. The list stands here so that a spec can be checked without libtorch; a test
/// of the worker holds it equal to the networks that are there.
pub const NETWORKS: &[&str] =
    &["alexnet", "googlenet", "torchvision_alexnet", "torchvision_googlenet", "resnet18", "densenet121"];

/// Sides of the smallest squares that the [`NETWORKS`] fit, pixels, in their order; held to the networks by the same test.
const SMALLEST_CROPS: &[usize] = &[55, 47, 63, 31, 1, 29];

/// Side of the smallest square that the network of this name fits, pixels; `None` where there is no such network.
pub fn smallest_crop(name: &str) -> Option<usize> {
    NETWORKS.iter().position(|known| *known == name).map(|place| SMALLEST_CROPS[place])
}

/// The kind.
pub const KIND: Kind = Kind {
    name: "train",
    version: 1,
    outputs: &["model", "curves", "record"],
    run: Run::Worker(device_memory),
    cost: 100.0,
    random: true,
};

/// Device memory of a training, MiB: libtorch's context, then activations and weights, which grow with the images of an update,
/// the area that the network sees, and its width.
fn device_memory(params: &serde_json::Value) -> u64 {
    const CONTEXT: f64 = 1024.0;
    const IMAGE_AT_224: f64 = 60.0;
    let Ok(params) = Params::deserialize(params) else { return 0 };
    let area = (params.network.crop as f64 / 224.0).powi(2);
    (CONTEXT + params.network.width * (1500.0 + params.batch as f64 * area * IMAGE_AT_224)) as u64
}

/// Everything that decides a training beside its inputs and its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The network.
    pub network: Network,
    /// Class names in the order of the outputs.
    pub classes: Vec<String>,
    /// Passes over the training set.
    pub epochs: usize,
    /// Images an update.
    pub batch: usize,
    /// Where the weights start.
    pub start: Start,
    /// How they move.
    pub solver: Solver,
    /// Which epoch's weights are kept.
    pub select: Select,
}

/// A network and its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Registered name, one of [`NETWORKS`].
    pub name: String,
    /// Factor on the number of channels and hidden units, in (0, 1]; 1 is the published network.
    pub width: f64,
    /// Side of the square that the network sees, pixels; cut at random in training, from the centre otherwise.
    pub crop: usize,
}

/// Where the weights start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// From the fillers of the network.
    Untrained,
    /// From the `model` of a formula pretraining at input `start`.
    Formula,
    /// From the weight file at input `start`.
    File,
}

/// Step-down stochastic gradient descent as Caffe has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solver {
    /// Learning rate of the first update.
    pub learning_rate: f64,
    /// Momentum, in [0, 1).
    pub momentum: f64,
    /// L2 decay on weights (not biases).
    pub weight_decay: f64,
    /// Share of all updates between two drops of the learning rate, in (0, 1].
    pub step: f64,
    /// Factor of each drop.
    pub gamma: f64,
}

/// Which epoch's weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The epoch of least loss on the tuning set; of equals the earliest.
    TuneLoss,
    /// The last.
    Last,
}
