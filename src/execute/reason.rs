//! Why a step has to run: what its last action was made of against what it would be made of now.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Executor;
use crate::plan::{Cause, Change, Input, Manifest, StepId};
use crate::store::{Artifact, Miss};

/// Why a step has to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user said so.
    Forced,
    /// No usable result, and no earlier run of this step to compare with.
    Miss(Miss),
    /// Other parameters or inputs than last time.
    Changed(Vec<Change>),
}

impl Reason {
    /// Every cause by itself, with its type.
    pub fn causes(&self) -> Vec<Cause> {
        match self {
            Self::Forced => vec![Cause::Forced],
            Self::Miss(miss) => vec![miss.into()],
            Self::Changed(changes) => changes.iter().map(Cause::from).collect(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        let causes = self.causes();
        let shown: Vec<String> = causes.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = causes.len().saturating_sub(SHOWN);
        f.write_str(&shown.join(", "))?;
        if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
    }
}

impl Executor<'_> {
    /// Why there is nothing to use for `manifest`, the key of step `id`.
    pub(super) fn reason(&self, id: StepId, manifest: &Manifest, miss: Miss) -> Reason {
        let label = &self.plan.step(id).label;
        if miss != Miss::NeverRun {
            return Reason::Miss(miss);
        }
        let Some(action) = self.store.latest_action(&self.options.experiment, label) else { return Reason::Miss(miss) };
        let Ok(earlier) = self.store.read(action) else {
            return Reason::Miss(if action == manifest.digest() { Miss::Removed } else { miss });
        };
        let changes = manifest.changes_since(&earlier.manifest);
        if changes.is_empty() {
            return Reason::Miss(miss);
        }
        Reason::Changed(changes.into_iter().map(|change| self.with_files(id, change, &earlier.inputs)).collect())
    }

    /// A change of an input with the files that changed, as far as both sides are known.
    fn with_files(&self, id: StepId, change: Change, earlier: &BTreeMap<String, Artifact>) -> Change {
        let files = change.path.strip_prefix("inputs.").and_then(|port| {
            let now = self.input_artifact(self.plan.step(id).inputs.get(port)?).ok()??;
            Some(now.changes_since(earlier.get(port)?))
        });
        Change { files: files.unwrap_or_default(), ..change }
    }

    /// Names and contents at every input of a step that can start, for its record.
    pub(super) fn input_artifacts(&self, id: StepId) -> Result<BTreeMap<String, Artifact>> {
        let mut artifacts = BTreeMap::new();
        for (port, input) in &self.plan.step(id).inputs {
            artifacts.extend(self.input_artifact(input)?.map(|artifact| (port.clone(), artifact)));
        }
        Ok(artifacts)
    }

    fn input_artifact(&self, input: &Input) -> Result<Option<Artifact>> {
        match input {
            Input::Output { step, port } => Ok(self.output(*step, port).cloned()),
            Input::Source(files) => self.store.digest_files(files).map(Some),
        }
    }
}
