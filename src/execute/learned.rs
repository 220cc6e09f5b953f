//! What earlier runs took: seconds and memory of steps of the same label, else of the same kind and shape of parameters, else of
//! the same kind. It decides the order and the company of attempts, never what they make; losing it costs time.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;

use serde_json::Value;

use crate::plan::Step;
use crate::store::{Digest, Store};

/// Lines beyond those in use after which the file is written anew.
const SLACK: usize = 4096;

/// What steps took, by what is alike about them.
#[derive(Debug, Default)]
pub struct Learned {
    known: HashMap<u64, Took>,
    file: Option<File>,
}

/// What one attempt took, or several like it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Took {
    /// Wall-clock seconds.
    pub(super) seconds: f64,
    /// Largest resident memory, MiB; 0 where it was not measured.
    pub(super) memory_mib: u64,
    /// Largest memory on its accelerator, MiB; 0 where it was not measured.
    pub(super) device_mib: u64,
}

/// The same step, its like, and its kind, from the nearest to the farthest.
type Keys = [u64; 3];

impl Learned {
    /// What the cache remembers.
    pub fn open(store: &Store) -> Self {
        let path = store.learned();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mut lines: HashMap<u64, &str> = HashMap::new();
        let mut learned = Self::default();
        for (line, keys, took) in text.lines().filter_map(|line| parse(line).map(|(keys, took)| (line, keys, took))) {
            learned.learn(keys, took);
            lines.insert(keys[0], line);
        }
        if text.lines().count() > 2 * lines.len() + SLACK {
            let kept: String = lines.values().flat_map(|line| [line, "\n"]).collect();
            let aside = path.with_extension(format!("part-{}", std::process::id()));
            if let Err(error) = fs::write(&aside, kept).and_then(|()| fs::rename(&aside, &path)) {
                tracing::warn!(%error, "what earlier runs took was not written anew");
            }
        }
        learned.file = File::options().create(true).append(true).open(&path).ok();
        learned
    }

    /// Seconds that the step takes if it takes what it, or its like, took before; `None` where its kind never ran.
    pub fn seconds(&self, step: &Step) -> Option<f64> {
        keys(step).iter().find_map(|key| self.known.get(key)).map(|took| took.seconds)
    }

    /// What the step or one like it took; its kind as a whole says too little about memory.
    pub(super) fn took(&self, step: &Step) -> Option<Took> {
        keys(step)[..2].iter().find_map(|key| self.known.get(key)).copied()
    }

    /// Remembers what an attempt took.
    pub(super) fn note(&mut self, step: &Step, took: Took) {
        let keys @ [label, like, kind] = keys(step);
        self.learn(keys, took);
        let Took { seconds, memory_mib, device_mib } = took;
        let line = format!("{label:x} {like:x} {kind:x} {seconds:.4} {memory_mib} {device_mib}\n");
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(line.as_bytes())
        {
            tracing::warn!(%error, "what a step took was not remembered");
            self.file = None;
        }
    }

    /// A step's own time counts as it was last; of its like and its kind a mean in which earlier ones fade.
    fn learn(&mut self, [label, like, kind]: Keys, took: Took) {
        self.known.insert(label, took);
        for key in [like, kind] {
            let known = self.known.entry(key).or_insert(took);
            known.seconds += (took.seconds - known.seconds) / 4.0;
            known.memory_mib = known.memory_mib.max(took.memory_mib);
            known.device_mib = known.device_mib.max(took.device_mib);
        }
    }
}

fn parse(line: &str) -> Option<(Keys, Took)> {
    let mut words = line.split(' ');
    let mut key = || u64::from_str_radix(words.next()?, 16).ok();
    let keys = [key()?, key()?, key()?];
    let seconds = words.next()?.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)?;
    let took = Took { seconds, memory_mib: words.next()?.parse().ok()?, device_mib: words.next()?.parse().ok()? };
    words.next().is_none().then_some((keys, took))
}

fn keys(step: &Step) -> Keys {
    let kind = step.kind.name.as_bytes();
    let mut shape = String::new();
    describe(&step.params, &mut shape);
    [key(&[b"step", kind, step.label.as_bytes()]), key(&[b"like", kind, shape.as_bytes()]), key(&[b"kind", kind])]
}

fn key(parts: &[&[u8]]) -> u64 {
    let digest = Digest::of_parts(parts.iter().copied());
    digest.as_bytes().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// Names and words of parameters; numbers are what differs between steps that are alike.
fn describe(value: &Value, shape: &mut String) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            shape.push_str(name);
            shape.push('=');
            describe(value, shape);
            shape.push(';');
        }),
        Value::Array(items) => items.iter().for_each(|item| {
            describe(item, shape);
            shape.push(',');
        }),
        Value::String(text) if text.parse::<f64>().is_err() => shape.push_str(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use anyhow::Result;
    use serde_json::json;

    use super::*;
    use crate::stage::{train, window};

    fn step(label: &str, params: Value) -> Step {
        Step::of_kind(&train::KIND, label.to_owned(), params, None, BTreeMap::new())
    }

    fn took(seconds: f64) -> Took {
        Took { seconds, memory_mib: 10, device_mib: 0 }
    }

    #[test]
    fn a_step_is_known_by_its_label_its_like_and_its_kind() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let small = step("train[small]", json!({"network": "small", "rate": 0.1}));
        let large = step("train[large]", json!({"network": "large", "rate": 0.1}));
        let mut learned = Learned::open(&store);
        assert_eq!(learned.seconds(&small), None);
        learned.note(&small, took(1.0));
        learned.note(&large, took(100.0));
        let again = Learned::open(&store);
        assert_eq!(again.seconds(&small), Some(1.0));
        assert_eq!(again.seconds(&step("train[new]", json!({"network": "large", "rate": 0.5}))), Some(100.0));
        assert_eq!(again.took(&step("train[new]", json!({"network": "other"}))), None);
        assert!(again.seconds(&step("train[new]", json!({"network": "other"}))).is_some());
        let window = Step::of_kind(&window::KIND, "window".to_owned(), json!({}), None, BTreeMap::new());
        assert_eq!(again.seconds(&window), None);
        Ok(())
    }

    #[test]
    fn a_long_memory_is_written_anew_and_a_damaged_line_is_passed_over() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path())?;
        let step = step("train[small]", json!({}));
        let mut learned = Learned::open(&store);
        learned.note(&step, took(1.0));
        let line = fs::read_to_string(store.learned())?;
        fs::write(store.learned(), format!("{}nonsense\n1 2 3 inf 0 0\n{line}", line.repeat(2 * SLACK)))?;
        assert_eq!(Learned::open(&store).seconds(&step), Some(1.0));
        assert_eq!(fs::read_to_string(store.learned())?, line);
        Ok(())
    }
}
