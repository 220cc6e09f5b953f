//! What is different between two sides: parameters, contents of outputs, measures and tables.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measures::{Measure, TableChange};
use super::side::{Made, Side};
use crate::plan::{Cause, Change};
use crate::store::{Artifact, Store};

/// Everything that is different.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Steps that only the first has.
    pub only_a: Vec<String>,
    /// Steps that only the second has.
    pub only_b: Vec<String>,
    /// What steps are made of: equal changes told once, with all their steps.
    pub changes: Vec<Shared>,
    /// Steps that made the same.
    pub same: usize,
    /// Steps that made something else.
    pub different: Vec<String>,
    /// Steps of which one side made nothing yet, or it is not known any more.
    pub unknown: Vec<String>,
    /// Measures of models that both sides have.
    pub measures: Vec<Measure>,
    /// Cells of the report's tables.
    pub tables: Vec<TableChange>,
}

/// Changes that several steps share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shared {
    /// The changes, from the first side to the second.
    pub causes: Vec<Cause>,
    /// The steps.
    pub steps: Vec<String>,
}

impl Difference {
    /// From `a` to `b`.
    ///
    /// # Errors
    /// When a result that is in the store cannot be read.
    pub fn between(a: &Side, b: &Side, store: &Store) -> anyhow::Result<Self> {
        let mut difference = Self {
            only_a: missing(a, b),
            only_b: missing(b, a),
            measures: super::measures::measures(a, b, store)?,
            tables: super::measures::tables(a, b, store)?,
            ..Self::default()
        };
        let (made_a, made_b) = (a.made(), b.made());
        // An input that another step made differs because that step does; one that nobody made is source data.
        let is_source = |artifact: &Artifact| !made_a.contains(&artifact.digest()) && !made_b.contains(&artifact.digest());
        for (step, was) in &a.0 {
            let Some(is) = b.0.get(step) else { continue };
            difference.compare(step, was, is);
            difference.share(step, causes(was, is, &is_source));
        }
        Ok(difference)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        *self == Self { same: self.same, unknown: self.unknown.clone(), measures: self.measures.clone(), ..Self::default() }
    }

    fn compare(&mut self, step: &str, was: &Made, is: &Made) {
        match (&was.outputs, &is.outputs) {
            (Some(was), Some(is)) if was == is => self.same += 1,
            (Some(_), Some(_)) => self.different.push(step.to_owned()),
            _ => self.unknown.push(step.to_owned()),
        }
    }

    fn share(&mut self, step: &str, causes: Vec<Cause>) {
        if causes.is_empty() {
            return;
        }
        match self.changes.iter_mut().find(|shared| shared.causes == causes) {
            Some(shared) => shared.steps.push(step.to_owned()),
            None => self.changes.push(Shared { causes, steps: vec![step.to_owned()] }),
        }
    }
}

fn missing(of: &Side, other: &Side) -> Vec<String> {
    of.0.keys().filter(|step| !other.0.contains_key(*step)).cloned().collect()
}

/// Why the keys of a step differ, without the inputs that another step made.
fn causes(was: &Made, is: &Made, is_source: &impl Fn(&Artifact) -> bool) -> Vec<Cause> {
    if was.leaves.is_empty() || is.leaves.is_empty() {
        return vec![];
    }
    let parameters = |leaves: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        leaves
            .iter()
            .filter(|(path, _)| !path.starts_with("inputs."))
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect()
    };
    let changes = Change::between(&parameters(&was.leaves), &parameters(&is.leaves));
    let source = |(port, now): (&String, &Artifact)| {
        let before = was.inputs.get(port)?;
        let files = now.changes_since(before);
        let is_told = !files.is_empty() && is_source(before) && is_source(now);
        is_told.then(|| Cause::Input { port: port.clone(), is_new: false, is_gone: false, files })
    };
    changes.iter().map(Cause::from).chain(is.inputs.iter().filter_map(source)).collect()
}
