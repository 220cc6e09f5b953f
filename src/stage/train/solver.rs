//! How weights move: a rule of update, a schedule of its learning rate, and a limit on gradients.

use serde::{Deserialize, Serialize};

/// A rule with everything that it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solver {
    /// What becomes of a gradient.
    pub rule: Rule,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// Share of all updates over which the learning rate first rises linearly, in [0, 1); 0 starts at its height.
    pub warm_up: f64,
    /// Decay of weights; Caffe's biases do not decay, all parameters of torchvision's networks do.
    pub weight_decay: f64,
    /// Limit on the common norm of all gradients of an update, where there is one.
    pub clip: Option<f64>,
}

/// What becomes of a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Stochastic gradient descent with momentum and L2 decay as Caffe has it.
    Sgd {
        /// Share of the velocity that is kept, in [0, 1).
        momentum: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    Adamw {
        /// Decay of the mean of gradients, in [0, 1).
        beta1: f64,
        /// Decay of the mean of their squares, in [0, 1).
        beta2: f64,
        /// Added to the root of that mean, above 0.
        epsilon: f64,
    },
}

/// How the learning rate falls over the updates that follow the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It drops after equal shares of all updates, as DIGITS' "step down".
    Step {
        /// Share of all updates between two drops, in (0, 1].
        share: f64,
        /// Factor of each drop, in (0, 1].
        gamma: f64,
    },
    /// Half a cosine from its height to its floor (Loshchilov and Hutter 2017, without restarts).
    Cosine {
        /// Share of the height that is left at the end, in [0, 1].
        floor: f64,
    },
    /// It stays.
    Constant,
}
