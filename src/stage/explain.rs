//! Kind `explain`: what a trained network looks at in single images. Runs in the worker.
//!
//! Inputs `model` (of a training) and `cases`. Output `explanations`.
//!
//! - Occlusion (Zeiler and Fergus 2014): a grey box covers part of the image, and the probability of the class is computed anew; once
//!   over what is marked, and at each place of a grid.
//! - Activation: one channel of a layer, chosen by a rule that looks at the activations alone.
//! - Grad-CAM (Selvaraju 2017): the channels of a layer weighted by the mean gradient of the class's score, summed, negatives cut.

use serde::{Deserialize, Serialize};

use super::predict::Eval;
use super::{Kind, Needs, Run};

/// The kind.
pub const KIND: Kind =
    Kind { name: "explain", version: 1, outputs: &["explanations"], run: Run::Worker, needs, cost: 30.0, random: false };

/// Device memory, MiB: as of a prediction.
fn needs(_: &serde_json::Value) -> Needs {
    Needs::of_worker(3072)
}

/// Everything that decides an explanation beside its inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// How an image becomes the square that the network sees, as in its prediction.
    pub eval: Eval,
    /// Side of the occluding box, pixels of the image.
    pub side: usize,
    /// Step between two places of it, pixels.
    pub stride: usize,
    /// Its grey.
    pub fill: Fill,
    /// The layer whose activation is shown; `None` for the second convolution that looks at more than one pixel.
    pub layer: Option<String>,
    /// Which of its channels.
    pub channel: Channel,
    /// The layer of the class activation; `None` for the last one that still is a map.
    pub attention_layer: Option<String>,
}

/// The grey of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The mean of the training images, over all pixels.
    Mean,
    /// This grey level.
    Grey(u8),
}

/// Which channel of a layer is shown; of equals the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The one with the largest single activation.
    Peak,
    /// The one with the largest mean activation.
    Mean,
    /// The one whose largest activation lies most standard deviations above its mean: the sharpest focus.
    Focus,
    /// This one, from 0.
    Number(usize),
}
