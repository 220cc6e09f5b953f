//! The states of a step. Each carries what is true in it.

use std::collections::BTreeMap;

use super::{Failure, Reason};
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
