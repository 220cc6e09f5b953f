//! The kinds of stage that this worker runs.

use anyhow::{Context, Result};

use crate::session::{Outcome, Session};
use crate::{explain, predict, pretrain, train};

/// A kind of stage.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its registered name.
    pub name: &'static str,
    /// Does the job and writes its ports.
    pub run: fn(&mut Session) -> Result<Outcome>,
}

/// Every kind by name.
pub const KINDS: &[Kind] = &[
    Kind { name: "train", run: train::run },
    Kind { name: "predict", run: predict::run },
    Kind { name: "explain", run: explain::run },
    Kind { name: "pretrain", run: pretrain::run },
];

/// The kind of this name.
///
/// # Errors
/// When this worker does not run it; the message lists those it runs.
pub fn find(name: &str) -> Result<&'static Kind> {
    let known = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    KINDS
        .iter()
        .find(|kind| kind.name == name)
        .with_context(|| format!("kind `{name}` is not run by bgh-torch; it runs: {}", known()))
}
