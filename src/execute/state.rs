//! The states of a step. Each carries what is true in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::plan::Manifest;
use crate::store::{Artifact, Digest, Provenance};

/// Where a step stands.
#[derive(Debug, Clone)]
pub enum State {
    /// Not all inputs are known.
    Waiting,
    /// All inputs are known, there is no usable result, and this is why.
    Ready {
        /// What would be hashed for the key.
        manifest: Manifest,
        /// Why the step has to run.
        reason: Reason,
    },
    /// An attempt is under way.
    Running,
    /// The outputs are in the store.
    Done {
        /// The key.
        action: Digest,
        /// The artifact at each output port.
        outputs: BTreeMap<String, Artifact>,
        /// Where and when they were made.
        provenance: Provenance,
        /// Whether the result was there before this run.
        cached: bool,
    },
    /// The last attempt failed.
    Failed(Failure),
    /// A step that this one stands on failed.
    Blocked,
    /// Not asked for in this run.
    Left,
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The kind itself said why.
    #[error("{0}")]
    Reported(String),
    /// The worker ended without a result.
    #[error("the worker exited with code {code} and left no result; its last words: {words}")]
    Exited {
        /// Exit code.
        code: i32,
        /// End of its standard error.
        words: String,
    },
    /// A signal ended the worker.
    #[error("signal {signal} ended the worker{}; its last words: {words}", hint(*signal))]
    Killed {
        /// Signal number.
        signal: i32,
        /// End of its standard error.
        words: String,
    },
    /// The attempt could not be prepared, or its outputs not be taken in.
    #[error("{0}")]
    Environment(String),
    /// The run was interrupted.
    #[error("interrupted; what it had done is kept in its checkpoint")]
    Interrupted,
}

fn hint(signal: i32) -> &'static str {
    match signal {
        9 => " (killed from outside, often because memory ran out)",
        6 => " (it aborted)",
        11 => " (it crashed)",
        _ => "",
    }
}
