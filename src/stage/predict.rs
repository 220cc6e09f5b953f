//! Kind `predict`: a trained model on an image set. Runs in the worker.
//!
//! Inputs `model` (of a training) and `images`. Output `predictions`.

use super::{Kind, Needs, Run};
use serde::{Deserialize, Serialize};

/// The kind.
pub const KIND: Kind =
    Kind { name: "predict", version: 2, outputs: &["predictions"], run: Run::Worker, needs, cost: 5.0, random: false };

/// Device memory of a prediction, MiB: libtorch's context, one network and a batch of fixed size.
fn needs(_: &serde_json::Value) -> Needs {
    Needs::of_worker(3072)
}

/// Everything that decides a prediction beside its inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// How an image becomes the square that the network sees.
    pub eval: Eval,
}

/// How an image becomes the square that the network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eval {
    /// The centre, as Caffe's test phase cuts it.
    CenterCrop,
    /// The whole image, resized bilinearly, as DIGITS classifies.
    Squash,
}
