//! What happens in a run, as it happens. Terminal, plain lines and logs are listeners; none of them decides anything.

use crate::execute::{Failure, Reason};
use crate::stage::job::Progress;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
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
        label: &'a str,
        /// Why it has to run.
        reason: &'a Reason,
    },
    /// A worker told how far it is.
    Progressed {
        /// The step.
        label: &'a str,
        /// How far.
        progress: &'a Progress,
    },
    /// The outputs of a step are in the store.
    Finished {
        /// The step.
        label: &'a str,
        /// Wall-clock seconds of the attempt; `None` when a result turned out to be there already.
        seconds: Option<f64>,
    },
    /// An attempt failed.
    Failed {
        /// The step.
        label: &'a str,
        /// How.
        failure: &'a Failure,
        /// Where its log is.
        log: &'a std::path::Path,
    },
    /// The user asked to stop.
    Interrupted {
        /// Whether it was the second time.
        at_once: bool,
    },
}

/// Someone who wants to know.
pub trait Listener {
    /// Takes note of one event.
    fn event(&mut self, event: &Event<'_>);
}
