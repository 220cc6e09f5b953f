//! How an attempt failed, and whether another attempt may fare better.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::pool::Resource;

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The kind itself said why.
    #[error("{0}")]
    Reported(String),
    /// A child ended without a result.
    #[error("exited with code {code} and left no result; its last words: {words}")]
    Exited {
        /// Exit code.
        code: i32,
        /// End of its standard error.
        words: String,
    },
    /// A signal ended the child.
    #[error("signal {signal} ended it{}; its last words: {words}", hint(*signal))]
    Killed {
        /// Signal number.
        signal: i32,
        /// End of its standard error.
        words: String,
    },
    /// It took longer than its time limit and was ended.
    #[error("it did not end within its time limit of {seconds} s; its last words: {words}")]
    TimedOut {
        /// The limit.
        seconds: f64,
        /// End of its standard error.
        words: String,
    },
    /// The kind said that memory ran out.
    #[error("{words}")]
    OutOfMemory {
        /// Whether it was an accelerator's memory, and not the machine's.
        device: bool,
        /// What it said.
        words: String,
    },
    /// It ran twice and did not make the same bytes.
    #[error("two attempts with the same inputs made different bytes: {}", files.join(", "))]
    Differs {
        /// Files that differ or that only one attempt made, with their ports.
        files: Vec<String>,
    },
    /// The system was short of something, just then, that starting a process takes.
    #[error("cannot start {0}")]
    NotStarted(String),
    /// The attempt could not be prepared, or its outputs not be taken in.
    #[error("{0}")]
    Environment(String),
    /// A source file is not what it was when the step's key was made; the text says at which input.
    #[error("{0}")]
    SourceChanged(String),
    /// A job of a cluster ended otherwise than its step.
    #[error("{}{words}", job_named(job))]
    Slurm {
        /// Why, as far as it decides what may help.
        cause: Cause,
        /// Number of the job; empty where Slurm gave none.
        job: String,
        /// What happened, and the last words of the script.
        words: String,
    },
    /// The run was interrupted.
    #[error("interrupted; what it had done is kept in its checkpoint")]
    Interrupted,
}

/// Why a job of a cluster failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Slurm did not take it.
    Refused,
    /// It would have waited for ever.
    DeadEnd,
    /// Somebody else cancelled it.
    Cancelled,
    /// The script did not get as far as `bgh`.
    Launch,
    /// Its node failed.
    Node(String),
    /// The cluster lost it, whatever it did.
    Infrastructure,
    /// Another job took its place.
    Preempted,
    /// Its time was over.
    TimeLimit {
        /// Whether it left something to go on from.
        checkpoint: bool,
    },
    /// Its memory ran out.
    Memory,
}

/// What may help after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing: it would fail in the same way.
    None,
    /// Another attempt, as often as the step allows.
    Again,
    /// Another attempt in a while, whatever the step allows: its own doing it was not.
    Shortly,
    /// Another attempt, as often as it takes: it was nobody's fault, or something was won.
    Freely,
    /// One more attempt, whatever the step allows.
    Once,
    /// Another attempt with more time.
    Longer,
    /// Another attempt that shares this resource with nobody.
    Alone(Resource),
}

impl Failure {
    /// What may help. A program that SIGKILL ended, or that says so of one below it (137), was most often too large.
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::OutOfMemory { device: true, .. } => Remedy::Alone(Resource::Device),
            Self::OutOfMemory { device: false, .. }
            | Self::Killed { signal: libc::SIGKILL, .. }
            | Self::Exited { code: 137, .. } => Remedy::Alone(Resource::Machine),
            Self::Killed { .. } | Self::Exited { .. } | Self::TimedOut { .. } => Remedy::Again,
            Self::NotStarted(_) => Remedy::Shortly,
            Self::Slurm { cause, .. } => cause.remedy(),
            Self::Reported(_) | Self::Differs { .. } | Self::SourceChanged(_) | Self::Environment(_) | Self::Interrupted => {
                Remedy::None
            }
        }
    }

    /// A program that could not be started. Too many processes or too little memory may pass; a file that is not there will not.
    pub(super) fn start(program: &Path, error: &io::Error) -> Self {
        let text = format!("{}: {error}", program.display());
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::ETXTBSY) => Self::NotStarted(text),
            _ => Self::Environment(format!("cannot start {text}")),
        }
    }

    /// What a worker reported. Libtorch and CUDA say by their words alone that memory ran out.
    pub(super) fn of_report(words: String) -> Self {
        let lower = words.to_lowercase();
        if lower.contains("out of memory") || lower.contains("cannot allocate memory") {
            Self::OutOfMemory { device: lower.contains("cuda"), words }
        } else {
            Self::Reported(words)
        }
    }
}

impl Cause {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Refused | Self::DeadEnd | Self::Cancelled => Remedy::None,
            Self::Launch => Remedy::Once,
            Self::Node(_) | Self::Infrastructure => Remedy::Shortly,
            Self::Preempted | Self::TimeLimit { checkpoint: true } => Remedy::Freely,
            Self::TimeLimit { checkpoint: false } => Remedy::Longer,
            Self::Memory => Remedy::Alone(Resource::Machine),
        }
    }
}

fn job_named(job: &str) -> String {
    if job.is_empty() { String::new() } else { format!("job {job}: ") }
}

fn hint(signal: i32) -> &'static str {
    match signal {
        libc::SIGKILL => " (killed from outside, often because memory ran out)",
        libc::SIGABRT => " (it aborted)",
        libc::SIGSEGV => " (it crashed)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortage_passes_and_a_missing_program_does_not() {
        let start = |errno| Failure::start(Path::new("/bin/x"), &io::Error::from_raw_os_error(errno));
        assert!(matches!(start(libc::EAGAIN), Failure::NotStarted(_)));
        assert!(matches!(start(libc::ENOENT), Failure::Environment(_)));
    }

    #[test]
    fn exhausted_memory_is_told_from_other_reports() {
        let device = Failure::of_report("CUDA out of memory. Tried to allocate 2.00 GiB".to_owned());
        assert!(matches!(device, Failure::OutOfMemory { device: true, .. }));
        let host = Failure::of_report("DefaultCPUAllocator: can't allocate memory: out of memory".to_owned());
        assert!(matches!(host, Failure::OutOfMemory { device: false, .. }));
        assert!(matches!(Failure::of_report("the loss is not a number".to_owned()), Failure::Reported(_)));
    }
}
