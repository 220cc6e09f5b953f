//! Kind `train`: one network on one image set, its weights chosen on the tuning set. Runs in the worker.
//!
//! Inputs `train` and `tune` (image sets), optionally `start` (a weight file or a pretraining's `model`). Outputs `model`
//! (`weights.safetensors`, `mean.safetensors`, `model.json`), `curves` and `record`.

mod solver;

use super::{Kind, Needs, Run};
use crate::weights::Classifiers;
use serde::{Deserialize, Serialize};

pub use solver::{Rule, Schedule, Solver};

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
    run: Run::Worker,
    needs,
    cost: 100.0,
    random: true,
};

/// Device memory of a training, MiB: libtorch's context, then activations and weights, which grow with the images of an update,
/// the area that the network sees, and its width.
fn needs(params: &serde_json::Value) -> Needs {
    const CONTEXT: f64 = 1024.0;
    const IMAGE_AT_224: f64 = 60.0;
    let Ok(params) = Params::deserialize(params) else { return Needs::of_worker(0) };
    let area = (params.network.crop as f64 / 224.0).powi(2);
    Needs::of_worker((CONTEXT + params.network.width * (1500.0 + params.batch as f64 * area * IMAGE_AT_224)) as u64)
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
    /// Epochs without a new least tuning loss after which it ends; `None` trains all epochs.
    pub patience: Option<usize>,
    /// The order of the images.
    pub sampling: Sampling,
    /// How many images an epoch shows, where that is not each of them once.
    pub matched: Option<Matched>,
    /// Where images are mirrored at random, the class (by position) that the mirror image of each class belongs to.
    pub mirror: Option<Vec<usize>>,
    /// Numbers in which updates are computed.
    pub precision: Precision,
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
    File {
        /// What becomes of the layers that classify.
        classifiers: Classifiers,
    },
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

/// The order in which images are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Shuffled anew for every epoch.
    Reshuffle,
    /// Shuffled once and read round and round, as DIGITS reads its database: batches run on from one epoch into the next.
    Cyclic,
}

/// Makes arms of unequal augmentation equal in updates: an epoch shows as many images as an epoch of the largest arm, the images of
/// the smaller arm several times over. Epochs, and with them looks at the tuning set, stay equal in number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Variants of each image in the largest arm of the design.
    pub largest: usize,
    /// Variants of each image in this training's own arm.
    pub own: usize,
}

/// Numbers in which convolutions and matrix products of an update are computed. Weights, the solver's sums, losses and every look at the
/// tuning set are in single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision throughout.
    Fp32,
    /// Single precision with products of 10-bit mantissas, which only CUDA devices have.
    Tf32,
    /// 8 bits of exponent and 7 of mantissa.
    Bf16,
}
