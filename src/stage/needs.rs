//! What a step takes while it runs. It decides where and when, never what, so it is in no key.

use std::time::Duration;

/// Shares of the machine, and patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// CPU slots, at least 1.
    pub cpus: usize,
    /// Memory of the machine, MiB; `None` where nobody said and nothing has been learned.
    pub memory_mib: Option<u64>,
    /// Memory of an accelerator, MiB; `None` for steps that want none.
    pub device_mib: Option<u64>,
    /// Longest wall-clock time of one attempt.
    pub time_limit: Option<Duration>,
    /// Attempts beyond the first, for failures that may pass.
    pub retries: u32,
}

impl Default for Needs {
    fn default() -> Self {
        Self { cpus: 1, memory_mib: None, device_mib: None, time_limit: None, retries: 0 }
    }
}
