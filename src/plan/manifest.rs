//! The key of a step: everything that decides its bytes, and nothing else.
//!
//! | in the key | not in the key, because |
//! |---|---|
//! | kind and its version | label, comments, order in the spec: change no byte |
//! | parameters with defaults filled in | paths, times: moving or touching a project must not rerun it |
//! | digests of the contents of all inputs | host, threads, retries: where, not what |
//! | the random stream, for kinds that draw | device: provenance records it |
//! | libtorch's version, for worker kinds | the version of `bgh`: kind versions carry that |
//!
//! The manifest is flattened into paths and values once; the digest frames these leaves and an explanation compares them, so
//! the two cannot drift apart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Step;
use crate::stage::LIBTORCH;
use crate::store::{Digest, FileChange};

/// Leaves of a manifest: the path of each value and the value as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, String>);

impl Manifest {
    /// The manifest of a step whose inputs have these digests.
    pub fn new(step: &Step, inputs: &BTreeMap<String, Digest>) -> Self {
        let mut leaves = BTreeMap::new();
        leaves.insert("kind".into(), Value::from(step.kind.name).to_string());
        leaves.insert("version".into(), Value::from(step.kind.version).to_string());
        if step.kind.is_worker() {
            leaves.insert("libtorch".into(), Value::from(LIBTORCH).to_string());
        }
        if let Some(seed) = step.seed {
            leaves.insert("seed".into(), serde_json::json!(seed).to_string());
        }
        flatten("params", &step.params, &mut leaves);
        leaves.extend(inputs.iter().map(|(port, digest)| (format!("inputs.{port}"), Value::from(digest.hex()).to_string())));
        Self(leaves)
    }

    /// The key.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.0.iter().flat_map(|(path, value)| [path.as_bytes(), value.as_bytes()]))
    }

    /// Paths and values.
    pub fn leaves(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether the input at `port` has this digest.
    pub fn has_input(&self, port: &str, digest: Digest) -> bool {
        self.0.get(&format!("inputs.{port}")).is_some_and(|value| value.trim_matches('"') == digest.hex())
    }

    /// What is different from an earlier manifest's leaves, in the order of the paths.
    pub fn changes_since(&self, earlier: &BTreeMap<String, String>) -> Vec<Change> {
        Change::between(earlier, &self.0)
    }
}

/// Puts the leaves of `value` below `path` among the others.
pub(super) fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| flatten(&format!("{path}.{}", quoted(key)), value, leaves));
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(at, value)| flatten(&format!("{path}[{at}]"), value, leaves));
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.to_string());
        }
    }
}

/// A key that could be mistaken for a path is written as a JSON string.
fn quoted(key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if plain { key.to_owned() } else { Value::from(key).to_string() }
}

/// One difference between two manifests of a step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Path of the value (`params.solver.learning_rate`, `inputs.train`).
    pub path: String,
    /// Before; `None` where there was no such value.
    pub old: Option<String>,
    /// Now.
    pub new: Option<String>,
    /// Of an input, which files are different; none where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChange>,
}

impl Change {
    /// Between two sets of leaves, in the order of the paths.
    pub fn between(earlier: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Self> {
        let mut paths: Vec<_> = now.keys().chain(earlier.keys()).collect();
        paths.sort();
        paths.dedup();
        let change = |path: &&String| Self {
            path: (*path).clone(),
            old: earlier.get(*path).cloned(),
            new: now.get(*path).cloned(),
            files: vec![],
        };
        paths.iter().map(change).filter(|change| change.old != change.new).collect()
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        super::Cause::from(self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn leaves(value: &Value) -> BTreeMap<String, String> {
        let mut leaves = BTreeMap::new();
        flatten("params", value, &mut leaves);
        leaves
    }

    #[test]
    fn values_that_differ_in_type_place_or_name_differ() {
        let all = [
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"a": 1.0}),
            json!({"a": [1]}),
            json!({"a": {"b": 1}}),
            json!({"a.b": 1}),
            json!({"a": []}),
            json!({"a": {}}),
            json!({"a": null}),
            json!({}),
        ];
        let digests: std::collections::BTreeSet<_> = all.iter().map(|value| Manifest(leaves(value)).digest()).collect();
        assert_eq!(digests.len(), all.len());
    }

    #[test]
    fn swapped_values_are_a_change_of_both() {
        let now = Manifest(leaves(&json!({"rate": 1, "decay": 2})));
        let changes = now.changes_since(&leaves(&json!({"rate": 2, "decay": 1})));
        let text: Vec<_> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["decay 1 → 2", "rate 2 → 1"]);
    }
}
