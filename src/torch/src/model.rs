//! The `model` port: `weights.safetensors`, `mean.safetensors` and `model.json`.

use std::path::Path;

use anyhow::{Context, Result};
use bgh::artifact::{Files, Pretraining};
use bgh::seed::Seed;
use bgh::stage::train::Network;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::mean::Mean;
use crate::network::Net;
use crate::weights::{self, Named};

/// Named tensors of every layer, auxiliary heads and running statistics included.
pub const WEIGHTS: &str = "weights.safetensors";
const FACTS: &str = "model.json";

/// `model.json`: what the weights belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The network.
    pub network: Network,
    /// Class names in the order of the outputs.
    pub classes: Vec<String>,
    /// Rows and columns of the images it was trained on, pixels.
    pub size: [usize; 2],
    /// What the pretraining came to, where the weights are of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<Pretraining>,
}

/// Writes all three files into `folder`.
///
/// # Errors
/// When the disk refuses.
pub fn write(folder: &Path, facts: &Facts, weights: &Named, mean: &Mean) -> Result<()> {
    weights::write(&folder.join(WEIGHTS), weights, None)?;
    mean.write(folder)?;
    let path = folder.join(FACTS);
    let mut text = serde_json::to_string_pretty(facts)?;
    text.push('\n');
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads `model.json`.
///
/// # Errors
/// When it is missing or damaged.
pub fn facts(files: &Files) -> Result<Facts> {
    let path = files.path(FACTS)?;
    let place = || format!("cannot read {}", path.display());
    serde_json::from_slice(&std::fs::read(path).with_context(place)?).with_context(place)
}

/// The trained network and its mean image.
///
/// # Errors
/// When a file is missing or damaged, or the weights are not those of the network.
pub fn open(files: &Files, device: Device) -> Result<(Net, Facts, Mean)> {
    let facts = facts(files)?;
    let path = files.path(WEIGHTS)?;
    let (named, _) = weights::read(path)?;
    let net = Net::new(&facts.network, facts.classes.len(), Seed::root(0), device)?;
    net.restore(&named).with_context(|| path.display().to_string())?;
    Ok((net, facts, Mean::open(files)?))
}

/// The values of all parameters and buffers by name: copies, so that further updates leave them alone.
pub fn named_values(net: &Net) -> Named {
    net.tensors().map(|(name, values)| (name.to_owned(), values.detach().copy())).collect()
}
