//! One event with its time: the form of `events.jsonl` and of every other stream of events.

use serde::{Deserialize, Serialize};

use super::header::now;
use crate::execute::Event;

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Seconds since 1970 (UTC), to the millisecond.
    pub at: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Line {
    /// An event that happens now.
    pub fn now(event: Event) -> Self {
        Self { at: now(), event }
    }

    /// As JSON with a line break.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("BUG: an event is plain data") + "\n"
    }
}
