//! What the leaves of a manifest say, as the values that they were: the way back from a record to its step.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::seed::Seed;

/// A step as its key knows it, but for its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaves {
    /// Name of the kind.
    pub kind: String,
    /// Version of the kind.
    pub version: u32,
    /// Parameters with defaults filled in.
    pub params: Value,
    /// The random stream, for kinds that draw.
    pub seed: Option<Seed>,
}

impl Leaves {
    /// From the path of each value and the value as JSON.
    ///
    /// # Errors
    /// When a path or a value cannot be read.
    pub fn of(leaves: &BTreeMap<String, String>) -> Result<Self> {
        let mut root = Value::Object(Map::new());
        for (path, value) in leaves.iter().filter(|(path, _)| !path.starts_with("inputs.")) {
            let value = serde_json::from_str(value).with_context(|| format!("the record's `{path}` is no value"))?;
            *place(&mut root, path)? = value;
        }
        let kind = root["kind"].as_str().context("the record names no kind")?.to_owned();
        let version = root["version"].as_u64().and_then(|version| version.try_into().ok());
        let seed = root.get("seed").map(|seed| serde_json::from_value(seed.clone())).transpose()?;
        Ok(Self { kind, version: version.context("the record names no version")?, params: root["params"].take(), seed })
    }
}

/// The value at `path`, made where it is not there.
fn place<'a>(root: &'a mut Value, path: &str) -> Result<&'a mut Value> {
    let (mut value, mut rest) = (root, path);
    while !rest.is_empty() {
        let (part, after) = part(rest).with_context(|| format!("the record's path `{path}` cannot be read"))?;
        value = match part {
            Part::Key(key) => object(value)?.entry(key).or_insert(Value::Null),
            Part::At(at) => item(value, at)?,
        };
        rest = after;
    }
    Ok(value)
}

fn object(value: &mut Value) -> Result<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().context("the record has a value and a table in one place")
}

/// Items come in the order of their paths as text, so that the tenth stands before the second.
fn item(value: &mut Value, at: usize) -> Result<&mut Value> {
    if value.is_null() {
        *value = Value::Array(vec![]);
    }
    let list = value.as_array_mut().context("the record has a value and a list in one place")?;
    if list.len() <= at {
        list.resize(at + 1, Value::Null);
    }
    Ok(&mut list[at])
}

enum Part {
    Key(String),
    At(usize),
}

/// The first part of a path, and the rest.
fn part(path: &str) -> Result<(Part, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        let (at, rest) = rest.split_once(']').context("a bracket is not closed")?;
        return Ok((Part::At(at.parse()?), rest));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.starts_with('"') {
        let mut keys = serde_json::Deserializer::from_str(path).into_iter::<String>();
        let key = keys.next().context("a key is missing")??;
        return Ok((Part::Key(key), &path[keys.byte_offset()..]));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    if end == 0 {
        bail!("a key is missing");
    }
    Ok((Part::Key(path[..end].to_owned()), &path[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::manifest::flatten;
    use super::*;

    fn back(params: &Value) -> Result<Value> {
        let mut leaves = BTreeMap::from([("kind".to_owned(), "\"k\"".to_owned()), ("version".to_owned(), "3".to_owned())]);
        flatten("params", params, &mut leaves);
        Leaves::of(&leaves).map(|leaves| leaves.params)
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 16, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..14).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn parameters_come_back_as_they_were(params in values()) {
            prop_assert_eq!(back(&params).expect("a manifest of ours"), params);
        }
    }

    #[test]
    fn kind_version_and_inputs_are_told_apart() -> Result<()> {
        let leaves = [("kind", "\"report\""), ("version", "5"), ("inputs.a.b", "\"00\""), ("params.x[0]", "1.5")];
        let leaves = Leaves::of(&leaves.map(|(path, value)| (path.to_owned(), value.to_owned())).into())?;
        assert_eq!((leaves.kind.as_str(), leaves.version, leaves.seed), ("report", 5, None));
        assert_eq!(leaves.params, json!({ "x": [1.5] }));
        Ok(())
    }

    #[test]
    fn paths_that_nobody_writes_are_refused() {
        for path in ["params[", "params[x]", "params.\"a", "params.x.", "params.x..y"] {
            let leaves = [("kind", "\"k\""), ("version", "1"), (path, "1")];
            assert!(Leaves::of(&leaves.map(|(path, value)| (path.to_owned(), value.to_owned())).into()).is_err(), "{path}");
        }
    }
}
