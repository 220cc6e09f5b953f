//! The states of a step. Each carries what is true in it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::plan::{Change, Manifest};
use crate::store::{Artifact, Digest, Miss, Provenance};

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

/// Why a step has to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user said so.
    Forced,
    /// No usable result, and no earlier run of this step to compare with.
    Miss(Miss),
    /// Other parameters or inputs than last time.
    Changed(Vec<Change>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forced => f.write_str("forced"),
            Self::Miss(miss) => miss.fmt(f),
            Self::Changed(changes) => {
                let shown = changes.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let more = changes.len().saturating_sub(3);
                if more > 0 { write!(f, "{shown} and {more} more") } else { f.write_str(&shown) }
            }
        }
    }
}
