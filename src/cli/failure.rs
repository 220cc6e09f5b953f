//! From a failure to what the user sees and what the shell gets.

use std::process::ExitCode;

use crate::plan::CohortFaults;
use crate::spec::Faults;
use crate::table;

/// Exit codes, part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Something that should not happen.
    Unexpected = 1,
    /// Usage, spec or cohort.
    Spec = 2,
    /// A stage failed.
    Stage = 3,
    /// Worker, device or libtorch.
    Environment = 4,
    /// The cache is damaged.
    Cache = 5,
    /// The user interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// The kind, for the shell.
    pub exit: Exit,
    /// The message; empty where it has been said already.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// A failure of the environment, with its chain of causes.
    pub fn environment(error: &anyhow::Error) -> Self {
        Self::new(Exit::Environment, format!("error: {error:#}"))
    }

    pub(super) fn print(&self) {
        if !self.message.is_empty() {
            errln!("{}", self.message);
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Unexpected, format!("error: {error:#}"))
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::new(Exit::Spec, faults)
    }
}

impl From<table::Faults> for Failure {
    fn from(faults: table::Faults) -> Self {
        Self::new(Exit::Spec, faults)
    }
}

impl From<CohortFaults> for Failure {
    fn from(faults: CohortFaults) -> Self {
        let lines: Vec<String> = faults.0.iter().map(|fault| format!("error: {fault}")).collect();
        Self::new(Exit::Spec, lines.join("\n"))
    }
}
