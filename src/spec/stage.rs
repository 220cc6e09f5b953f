//! What a spec asks for as a whole, and the stages of the author's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Experiment;
use crate::artifact::Files;
use crate::stage::Needs;
use crate::stage::command::{Params, Setting};

/// A study, stages of the author's own, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Short name: letters, digits, `-`, `_`.
    pub name: String,
    /// The author's stages, each after those it reads from.
    pub stages: Vec<Stage>,
    /// The comparison of classifiers; `None` where commands are all there is.
    pub study: Option<Experiment>,
}

/// A command with all that it is connected to.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What decides its result, the same for all instances but for `each`.
    pub params: Params,
    /// What is connected to each input.
    pub inputs: BTreeMap<String, Wire>,
    /// One for every combination of the values of `for_each`; one without values where it is not fanned out. None where it stands at
    /// each exam.
    pub instances: Vec<Instance>,
    /// Whose place it takes in the study.
    pub replaces: Option<Place>,
    /// What it takes to run.
    pub needs: Needs,
    /// How it is run.
    pub setting: Setting,
    /// The folder that its outputs are laid out in.
    pub export: Option<PathBuf>,
}

/// One step of a stage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instance {
    /// Names and values of the axes in the order of the spec.
    pub each: Vec<(String, String)>,
    /// The author's files at each input that has some.
    pub sources: BTreeMap<String, Files>,
}

/// What is connected to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wire {
    /// Files of the author; which, each instance says.
    Source,
    /// An output of another stage. Axes that both have are matched, those that only the other has are gathered.
    Stage {
        /// Its name.
        stage: String,
        /// The output.
        output: String,
    },
    /// An output of a step of the study.
    Step {
        /// Its label.
        label: String,
        /// The port.
        output: String,
    },
    /// What the stage takes the place of.
    Exam,
}

/// A place in the study where a stage may stand, once for each exam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Between the exam's files and ingest.
    Dicom,
    /// Between ingest and windows.
    Volume,
}

impl Spec {
    /// The folder that the stage of a step is laid out in.
    pub fn export_of(&self, label: &str) -> Option<&Path> {
        let name = label.split('[').next()?;
        self.stages.iter().find(|stage| stage.name == name)?.export.as_deref()
    }
}

impl Instance {
    /// The values of its axes, joined; empty for the only instance of a stage.
    pub fn name(&self) -> String {
        self.each.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("-")
    }
}
