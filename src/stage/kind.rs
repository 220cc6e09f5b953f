//! What the engine knows of a kind of stage.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Needs;
use super::job::JobFolder;
use crate::artifact::Files;
use crate::seed::Seed;

/// One kind of stage; all are listed in [`crate::plan::KINDS`].
pub struct Kind {
    /// Name in keys, labels and job files.
    pub name: &'static str,
    /// Raised when the same parameters and inputs would now give other bytes.
    pub version: u32,
    /// Output ports, each a folder below `out/`; none where the spec names them.
    pub outputs: &'static [&'static str],
    /// How it runs.
    pub run: Run,
    /// What it takes to run, from its parameters.
    pub needs: fn(&Value) -> Needs,
    /// Typical seconds, for scheduling the longest path first; decides nothing else.
    pub cost: f64,
    /// Whether the kind draws random numbers; then the stream is part of the key.
    pub random: bool,
}

/// How a kind runs.
pub enum Run {
    /// Inside `bgh`, on its thread pool.
    Here(fn(&Task<'_>) -> Result<()>),
    /// In a process of its own that links libtorch.
    Worker,
    /// The author's own program, as the parameters say.
    Command,
}

impl Kind {
    /// Whether the kind runs in the worker, whose libtorch is then part of the key.
    pub fn is_worker(&self) -> bool {
        matches!(self.run, Run::Worker)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({} v{})", self.name, self.version)
    }
}

/// One execution inside `bgh`.
#[derive(Debug)]
pub struct Task<'a> {
    /// The kind's parameters.
    pub params: &'a Value,
    /// The stream of this step, for kinds that draw.
    pub seed: Option<Seed>,
    /// The artifact at each input port.
    pub inputs: &'a BTreeMap<String, Files>,
    /// Where the outputs go.
    pub job: &'a JobFolder,
}

impl Task<'_> {
    /// The parameters as the kind's own type.
    ///
    /// # Errors
    /// When they are not of that type, which is a fault of the plan.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P> {
        P::deserialize(self.params).context("the plan made parameters that the kind does not know")
    }

    /// The artifact at `port`.
    ///
    /// # Errors
    /// When the plan connected none.
    pub fn input(&self, port: &str) -> Result<&Files> {
        self.inputs.get(port).with_context(|| format!("nothing is connected to input `{port}`"))
    }

    /// The artifacts at `prefix/…`, under the rest of their ports' names.
    pub fn inputs_below(&self, prefix: &str) -> BTreeMap<String, Files> {
        let below = |(port, files): (&String, &Files)| {
            let name = port.strip_prefix(prefix)?.strip_prefix('/')?;
            Some((name.to_owned(), files.clone()))
        };
        self.inputs.iter().filter_map(below).collect()
    }
}
