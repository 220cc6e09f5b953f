//! The state of a training in one file: weights, what the solver remembers, the best weights so far, and where it stands. Random streams
//! need no place in it, for each is a function of the seed and the update.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bgh::artifact::Curve;
use tch::Tensor;

use crate::weights::{self, Named};

/// The newest checkpoint, the one before it, and one that is being written.
const LAST: &str = "training.safetensors";
const PREVIOUS: &str = "previous.safetensors";
const NEXT: &str = "next.safetensors";

/// What a training goes on from.
#[derive(Debug)]
pub struct Checkpoint {
    /// Updates made.
    pub update: usize,
    /// Sum of the training losses of the epoch that is under way.
    pub loss_sum: f64,
    /// Epochs finished.
    pub curves: Vec<Curve>,
    /// Weights and running statistics by name.
    pub weights: Named,
    /// What the solver remembers.
    pub memory: Named,
    /// The weights to keep, when there are any yet.
    pub best: Named,
}

/// Where checkpoints of one job lie.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// Decides whether a checkpoint is of this job: one left by other parameters must not be continued.
    identity: String,
}

impl Shelf {
    /// The shelf in `folder` of the job that `identity` names.
    pub fn new(folder: &Path, identity: String) -> Self {
        Self { folder: folder.to_owned(), identity }
    }

    /// Adds a checkpoint and keeps the last one as the previous. A kill between any two steps leaves a whole checkpoint under one of both
    /// names.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, checkpoint: &Checkpoint) -> Result<()> {
        let parts = [("weights", &checkpoint.weights), ("memory", &checkpoint.memory), ("best", &checkpoint.best)];
        let prefixed = parts.into_iter().flat_map(|(part, named)| {
            named.iter().map(move |(name, tensor)| (format!("{part} {name}"), tensor.shallow_clone()))
        });
        // Decimal text in its shortest form reads back to the same double; a JSON number may not.
        let facts = [
            ("identity", self.identity.clone()),
            ("update", checkpoint.update.to_string()),
            ("loss_sum", checkpoint.loss_sum.to_string()),
            ("curves", to_csv(&checkpoint.curves)?),
        ];
        let tensors: Named = prefixed.collect();
        let facts = facts.into_iter().chain([("digest", digest(&tensors)?)]);
        let facts = facts.map(|(name, text)| (name.to_owned(), text)).collect();
        let [next, last, previous] = [NEXT, LAST, PREVIOUS].map(|name| self.folder.join(name));
        weights::write(&next, &tensors, Some(facts))?;
        if last.exists() {
            fs::rename(&last, &previous).with_context(|| format!("cannot write {}", previous.display()))?;
        }
        fs::rename(&next, &last).with_context(|| format!("cannot write {}", last.display()))
    }

    /// The newest sound checkpoint of this job; others are reported and left aside.
    pub fn take(&self) -> Option<Checkpoint> {
        let paths = [LAST, PREVIOUS].map(|name| self.folder.join(name));
        paths.iter().filter(|path| path.exists()).find_map(|path| match self.read(path) {
            Ok(checkpoint) => Some(checkpoint),
            Err(fault) => {
                tracing::warn!("left aside: checkpoint {}: {fault:#}", path.display());
                None
            }
        })
    }

    fn read(&self, path: &Path) -> Result<Checkpoint> {
        let (tensors, facts) = weights::read(path)?;
        let fact = |name: &str| fact(&facts, name);
        ensure!(fact("identity")? == self.identity, "it is of other parameters");
        ensure!(fact("digest")? == digest(&tensors)?, "its tensors are not those that were written");
        let part = |part: &str| -> Named {
            let own = tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(part)?.strip_prefix(' ')?, tensor)));
            own.map(|(name, tensor)| (name.to_owned(), Tensor::shallow_clone(tensor))).collect()
        };
        Ok(Checkpoint {
            update: fact("update")?.parse()?,
            loss_sum: fact("loss_sum")?.parse()?,
            curves: from_csv(fact("curves")?)?,
            weights: part("weights"),
            memory: part("memory"),
            best: part("best"),
        })
    }
}

/// Digest of names and bytes of all tensors: the format itself notices a file that was cut, but not one that was changed.
fn digest(tensors: &Named) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for (name, tensor) in tensors {
        hasher.update(name.as_bytes()).update(&weights::bytes_of(tensor)?.1);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn fact<'a>(facts: &'a HashMap<String, String>, name: &str) -> Result<&'a str> {
    facts.get(name).map(String::as_str).with_context(|| format!("no `{name}`"))
}

fn to_csv(curves: &[Curve]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    curves.iter().try_for_each(|curve| writer.serialize(curve))?;
    let bytes = writer.into_inner().map_err(|fault| anyhow::anyhow!("{fault}"))?;
    Ok(String::from_utf8(bytes)?)
}

fn from_csv(text: &str) -> Result<Vec<Curve>> {
    Ok(csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(value: f32) -> Named {
        Named::from([("conv1.weight".into(), Tensor::from_slice(&[value]))])
    }

    fn checkpoint() -> Checkpoint {
        let curve = Curve {
            epoch: 0,
            updates: 0,
            learning_rate: 0.01,
            train_loss: None,
            tune_loss: 0.1 + 0.2,
            tune_accuracy: 1.0 / 3.0,
        };
        let next = Curve { epoch: 1, train_loss: Some(1e-17), ..curve.clone() };
        let (weights, memory, best) = (named(1.0), named(2.0), named(3.0));
        Checkpoint { update: 7, loss_sum: 1.0 / 3.0, curves: vec![curve, next], weights, memory, best }
    }

    #[test]
    fn a_checkpoint_comes_back_to_the_last_bit() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let shelf = Shelf::new(folder.path(), "job".into());
        shelf.put(&checkpoint())?;
        let (read, written) = (shelf.take().context("a checkpoint")?, checkpoint());
        assert_eq!((read.update, read.loss_sum, &read.curves), (7, 1.0 / 3.0, &written.curves));
        assert_eq!(read.memory["conv1.weight"], written.memory["conv1.weight"]);
        assert_eq!(read.best["conv1.weight"], written.best["conv1.weight"]);
        Ok(())
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_one_before_it() -> Result<()> {
        type Damage = fn(&mut Vec<u8>);
        let damages: [Damage; 2] = [|bytes| bytes.truncate(bytes.len() - 1), |bytes| *bytes.last_mut().expect("bytes") ^= 1];
        for damage in damages {
            let folder = tempfile::tempdir()?;
            let shelf = Shelf::new(folder.path(), "job".into());
            shelf.put(&checkpoint())?;
            shelf.put(&Checkpoint { update: 8, ..checkpoint() })?;
            assert_eq!(shelf.take().context("the last")?.update, 8);
            let path = folder.path().join(LAST);
            let mut bytes = fs::read(&path)?;
            damage(&mut bytes);
            fs::write(&path, bytes)?;
            assert_eq!(shelf.take().context("the previous")?.update, 7);
            fs::remove_file(&path)?;
            assert_eq!(shelf.take().context("the previous")?.update, 7);
        }
        Ok(())
    }

    #[test]
    fn a_checkpoint_of_another_job_is_left_aside() -> Result<()> {
        let folder = tempfile::tempdir()?;
        Shelf::new(folder.path(), "job".into()).put(&checkpoint())?;
        assert!(Shelf::new(folder.path(), "other".into()).take().is_none());
        Ok(())
    }
}
