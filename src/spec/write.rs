//! The whole spec as one TOML text, once all layers have become one tree.

use std::path::Path;

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};

use super::tree::{Node, Value};
use super::{layers, source};

/// The spec at `path` with what it extends laid below and `overrides` laid on top, as TOML; `None` where it cannot be read.
pub fn resolved(path: &Path, overrides: &[String]) -> Option<String> {
    let mut log = source::Log::of("the spec");
    toml::to_string(&layers::gather(&mut log, path, overrides)?).ok()
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::String(text) => serializer.serialize_str(text),
            Value::Integer(number) => i64::try_from(*number).map_err(S::Error::custom)?.serialize(serializer),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Boolean(truth) => serializer.serialize_bool(*truth),
            Value::Datetime(text) => text.parse::<toml::value::Datetime>().map_err(S::Error::custom)?.serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items),
            Value::Table(table) => {
                let mut map = serializer.serialize_map(Some(table.entries.len()))?;
                table.entries.iter().try_for_each(|entry| map.serialize_entry(&entry.key, &entry.node))?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_and_overrides_become_one_text_that_means_the_same() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (base, spec) = (folder.path().join("base.toml"), folder.path().join("spec.toml"));
        std::fs::write(&base, "z = 1\na = [1, { b = 2.5 }]\nday = 2026-11-28\n[t.u]\nx = true\n[[list]]\ny = 1\n")?;
        std::fs::write(&spec, "extends = \"base.toml\"\nz = 2\n")?;
        let text = resolved(&spec, &["t.u.x=false".to_owned()]).expect("a spec");
        let expected = "z = 2\na = [1, { b = 2.5 }]\nday = 2026-11-28\n[t.u]\nx = false\n[[list]]\ny = 1\n";
        assert_eq!(toml::from_str::<toml::Table>(&text)?, toml::from_str::<toml::Table>(expected)?);
        assert!(text.find("z =") < text.find("a ="), "the author's order is kept: {text}");
        Ok(())
    }
}
