//! What a run was asked for, where and when.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::store::Digest;

/// What `run.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Name of the run: its start (UTC) and a few digits by chance; sorts by time.
    pub id: String,
    /// Name of the experiment.
    pub experiment: String,
    /// The spec as it was named.
    pub spec: PathBuf,
    /// The folder in which the command was called.
    pub folder: PathBuf,
    /// The whole spec as TOML: what it extends laid below, what the command line set laid on top.
    pub resolved: String,
    /// The command line after the program's name.
    pub arguments: Vec<String>,
    /// Name of the machine.
    pub host: String,
    /// Process number there.
    pub pid: u32,
    /// Version of `bgh`.
    pub bgh: String,
    /// Start, seconds since 1970 (UTC).
    pub started: f64,
}

impl Header {
    /// Of a run that this process starts now.
    pub fn now(experiment: &str, spec: &Path, resolved: String) -> Self {
        let started = now();
        Self {
            id: id(started),
            experiment: experiment.to_owned(),
            spec: spec.to_owned(),
            folder: std::env::current_dir().unwrap_or_default(),
            resolved,
            arguments: std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid: std::process::id(),
            bgh: env!("CARGO_PKG_VERSION").to_owned(),
            started,
        }
    }
}

/// Seconds since 1970, to the millisecond.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |age| age.as_millis() as f64 / 1000.0)
}

/// `20261128-071514-3f9a`.
fn id(started: f64) -> String {
    let time = DateTime::from_timestamp_millis((started * 1000.0) as i64).unwrap_or_default();
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let chance = Digest::of(format!("{} {}", moment.as_nanos(), std::process::id()).as_bytes()).hex();
    format!("{}-{}", time.format("%Y%m%d-%H%M%S"), &chance[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_a_time_and_sorts_by_it() {
        assert!(id(0.0).starts_with("19700101-000000-"));
        assert!(id(1_795_850_114.5).starts_with("20261128-071514-"));
        assert!(id(1_795_850_114.5) < id(1_795_850_115.5));
    }
}
