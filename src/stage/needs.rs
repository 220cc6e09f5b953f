//! What a step takes while it runs. It decides where and when, never what, so it is in no key.

use std::time::Duration;

use serde_json::Value;

/// Shares of the machine, and patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// CPU slots, at least 1.
    pub cpus: usize,
    /// Memory of the machine, MiB; `None` where nobody said and nothing has been learned.
    pub memory_mib: Option<u64>,
    /// Memory of an accelerator, MiB; `None` for steps that want none. A worker computes without where there is none.
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

impl Needs {
    /// Of a kind that runs inside `bgh`: it computes on as many threads as it is given.
    pub fn one_core(_: &Value) -> Self {
        Self::default()
    }

    /// Of a worker that takes `device_mib` of an accelerator's memory. A worker that dies is tried once more: it goes on from its
    /// checkpoint.
    pub fn of_worker(device_mib: u64) -> Self {
        Self { device_mib: Some(device_mib), retries: 1, ..Self::default() }
    }
}
