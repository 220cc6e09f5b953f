//! How a run ended, if it did.

use serde::{Deserialize, Serialize};

use crate::execute::Summary;

/// The state of a run as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It lives.
    Running,
    /// It said how it ended.
    Ended(Summary),
    /// It lives no more and said nothing: killed, or the machine went down.
    Died,
}

impl Ending {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Died => "died",
            Self::Ended(summary) if summary.interrupted => "interrupted",
            Self::Ended(summary) if summary.failed > 0 || summary.not_run > 0 => "failed",
            Self::Ended(_) => "done",
        }
    }
}
