//! Why a step has to run, one cause at a time, as data: what the key's own leaves say was different, or what is wrong with the result.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Change;
use crate::store::{FileChange, Miss};

/// One cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Cause {
    /// The user said so.
    Forced,
    /// No execution is known.
    NeverRun,
    /// It ran, and its result was removed from the cache.
    ResultRemoved,
    /// The record of the result cannot be read.
    RecordDamaged {
        /// How.
        why: String,
    },
    /// A file of the result is gone from the cache.
    BlobMissing {
        /// Its name in the result.
        file: String,
    },
    /// A file of the result had other bytes than were written.
    BlobDamaged {
        /// Its name in the result.
        file: String,
    },
    /// The kind makes other bytes than it did.
    KindVersion {
        /// Before.
        old: Option<Value>,
        /// Now.
        new: Option<Value>,
    },
    /// Another kind has this step's name.
    Kind {
        /// Before.
        old: Option<Value>,
        /// Now.
        new: Option<Value>,
    },
    /// Another version of libtorch.
    Libtorch {
        /// Before.
        old: Option<Value>,
        /// Now.
        new: Option<Value>,
    },
    /// Another stream of random numbers.
    Seed,
    /// A parameter.
    Parameter {
        /// Its path (`solver.learning_rate`).
        path: String,
        /// Before; `None` where there was none.
        old: Option<Value>,
        /// Now; `None` where there is none.
        new: Option<Value>,
    },
    /// The content of an input.
    Input {
        /// The port (`exams/017`).
        port: String,
        /// Whether the port was there before.
        is_new: bool,
        /// Whether it is there no more.
        is_gone: bool,
        /// Which files; none where that is not known any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileChange>,
    },
}

impl From<&Change> for Cause {
    fn from(change: &Change) -> Self {
        let value = |text: &Option<String>| text.as_ref().and_then(|text| serde_json::from_str(text).ok());
        let (old, new) = (value(&change.old), value(&change.new));
        match change.path.as_str() {
            "kind" => Self::Kind { old, new },
            "version" => Self::KindVersion { old, new },
            "libtorch" => Self::Libtorch { old, new },
            path => match path.split_once('.') {
                Some(("inputs", port)) => Self::Input {
                    port: port.to_owned(),
                    is_new: change.old.is_none(),
                    is_gone: change.new.is_none(),
                    files: change.files.clone(),
                },
                Some(("params", path)) => Self::Parameter { path: path.to_owned(), old, new },
                _ if path.starts_with("seed") => Self::Seed,
                _ => Self::Parameter { path: path.strip_prefix("params").unwrap_or(path).to_owned(), old, new },
            },
        }
    }
}

impl From<&Miss> for Cause {
    fn from(miss: &Miss) -> Self {
        match miss {
            Miss::NeverRun => Self::NeverRun,
            Miss::Removed => Self::ResultRemoved,
            Miss::RecordDamaged(why) => Self::RecordDamaged { why: why.clone() },
            Miss::BlobMissing(file) => Self::BlobMissing { file: file.clone() },
            Miss::BlobDamaged(file) => Self::BlobDamaged { file: file.clone() },
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forced => f.write_str("forced"),
            Self::NeverRun => f.write_str("never run"),
            Self::ResultRemoved => f.write_str("its result was removed from the cache"),
            Self::RecordDamaged { why } => write!(f, "its record in the cache is damaged ({why})"),
            Self::BlobMissing { file } => write!(f, "`{file}` is gone from the cache"),
            Self::BlobDamaged { file } => write!(f, "`{file}` is damaged in the cache"),
            Self::Kind { old, new } => write!(f, "kind {}", arrow(old, new)),
            Self::KindVersion { old, new } => write!(f, "kind version {}", arrow(old, new)),
            Self::Libtorch { old, new } => write!(f, "libtorch {}", arrow(old, new)),
            Self::Seed => f.write_str("another seed"),
            Self::Parameter { path, old, new } => write!(f, "{path} {}", arrow(old, new)),
            Self::Input { port, is_new: true, .. } => write!(f, "input {port} is new"),
            Self::Input { port, is_gone: true, .. } => write!(f, "input {port} is gone"),
            Self::Input { port, files, .. } => match files.as_slice() {
                [] => write!(f, "input {port} changed"),
                [one] => write!(f, "input {port}: {one}"),
                [one, rest @ ..] => write!(f, "input {port}: {one} and {} more", rest.len()),
            },
        }
    }
}

fn arrow(old: &Option<Value>, new: &Option<Value>) -> String {
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "(absent)".to_owned(), Value::to_string);
    format!("{} → {}", text(old), text(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(path: &str) -> Cause {
        Cause::from(&Change { path: path.into(), old: Some("1".into()), new: Some("\"2\"".into()), files: vec![] })
    }

    #[test]
    fn every_leaf_of_a_key_has_its_cause() {
        let told: Vec<String> = ["kind", "version", "libtorch", "seed", "params.a.b", "params[0]", "inputs.exams/017"]
            .map(|path| cause(path).to_string())
            .into();
        let expected = [
            "kind 1 → \"2\"",
            "kind version 1 → \"2\"",
            "libtorch 1 → \"2\"",
            "another seed",
            "a.b 1 → \"2\"",
            "[0] 1 → \"2\"",
            "input exams/017 changed",
        ];
        assert_eq!(told, expected);
    }
}
