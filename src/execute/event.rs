//! What happens in a run, as it happens. Terminal, plain lines, journal and logs are listeners; none of them decides anything.
//! An event is plain data with one JSON form, so that what was seen live can be read again later.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Failure, Reason, Summary};
use crate::stage::job::Progress;
use crate::store::Digest;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The plan was compared with the cache.
    Surveyed {
        /// Steps in this run.
        steps: usize,
        /// Those with a usable result.
        cached: usize,
    },
    /// An attempt began.
    Started {
        /// The step.
        step: String,
        /// Its kind.
        kind: String,
        /// Its key.
        action: Digest,
        /// Why it has to run.
        reason: Reason,
        /// Number of the attempt in this run, from 1.
        attempt: u32,
        /// The accelerator that it computes on, as `CUDA_VISIBLE_DEVICES` counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<u32>,
    },
    /// A step's job has been submitted to a cluster, waits there, or runs there.
    Placed {
        /// The step.
        step: String,
        /// Number of the job, when it has just been submitted or taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        /// Why it waits, in the cluster's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Where it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
    },
    /// A worker told how far it is.
    Progressed {
        /// The step.
        step: String,
        /// How far.
        progress: Progress,
    },
    /// The outputs of a step are in the store.
    Finished {
        /// The step.
        step: String,
        /// Its key.
        action: Digest,
        /// Wall-clock seconds of the attempt; `None` when a result turned out to be there already.
        seconds: Option<f64>,
    },
    /// A step turned out to have a usable result once its inputs were known; nothing ran.
    Cached {
        /// The step.
        step: String,
        /// Its key.
        action: Digest,
    },
    /// Another run is at the same action: the step waits for that result and holds no slot meanwhile.
    Elsewhere {
        /// The step.
        step: String,
        /// Its key.
        action: Digest,
    },
    /// An attempt failed.
    Failed {
        /// The step.
        step: String,
        /// How.
        failure: Failure,
        /// Where its log is.
        log: PathBuf,
        /// Seconds until the next attempt; `None` when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_in: Option<f64>,
    },
    /// Something that the user should know and that ends nothing.
    Warned {
        /// The step that it is about; `None` for the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// What.
        text: String,
    },
    /// The user asked to stop.
    Interrupted {
        /// Whether it was the second time.
        at_once: bool,
    },
    /// The run is over.
    Ended {
        /// How.
        summary: Summary,
    },
}

/// Someone who wants to know.
pub trait Listener {
    /// Takes note of one event.
    fn event(&mut self, event: &Event);
}

/// Several who want to know, told one after the other.
impl Listener for Vec<Box<dyn Listener>> {
    fn event(&mut self, event: &Event) {
        self.iter_mut().for_each(|listener| listener.event(event));
    }
}
