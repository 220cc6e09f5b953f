//! Where the weights of a training start: from fillers, or from weights learnt elsewhere.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bgh::artifact::Files;
use bgh::stage::train::{Params, Start};

use crate::model::{self, WEIGHTS};
use crate::network::Net;
use crate::session::Session;
use crate::weights::{self, Named};

/// What was done to the fillers' weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Where the weights came from, in words.
    pub origin: String,
    /// Layers that were loaded.
    pub loaded: Vec<String>,
    /// Layers that kept their filler although weights were given.
    pub reinitialised: Vec<String>,
}

/// Loads starting weights into `net` as `params` ask.
///
/// # Errors
/// When the weights are missing, in a format that is not read, or of another network.
pub fn apply(session: &Session, params: &Params, net: &Net) -> Result<Started> {
    match params.start {
        Start::Untrained => Ok(Started { origin: "untrained".into(), loaded: vec![], reinitialised: vec![] }),
        Start::Formula => formula(session.input("start")?, params, net),
        Start::File => file(session.input("start")?, net),
    }
}

fn formula(files: &Files, params: &Params, net: &Net) -> Result<Started> {
    let facts = model::facts(files)?;
    let (ours, theirs) = (&params.network, &facts.network);
    ensure!(ours == theirs, "input `start` holds {theirs:?}, the training wants {ours:?}; pretrain the same network");
    let origin = format!("formula-pretrained: {} iterated function systems", facts.classes.len());
    copy(&weights::read(files.path(WEIGHTS)?)?.0, origin, net)
}

fn file(files: &Files, net: &Net) -> Result<Started> {
    let mut all = files.iter();
    let (Some((name, path)), None) = (all.next(), all.next()) else {
        bail!("input `start` must be one weight file; it holds {} files", files.iter().count());
    };
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ensure!(
        extension == "safetensors",
        "weight file {name}: format `.{extension}` is not read; convert it to `.safetensors` with Caffe's layer names (`conv1.weight`)"
    );
    copy(&weights::read(path)?.0, name.to_owned(), net)
}

/// Copies every layer but the classifiers by name, as Caffe does with renamed classifiers: names that the network lacks are passed over, layers that the
/// file lacks keep their filler, and one name with two shapes is an error.
fn copy(named: &Named, origin: String, net: &Net) -> Result<Started> {
    let classifiers: Vec<&str> = net.classifiers().collect();
    let mut started = Started { origin: origin.clone(), loaded: vec![], reinitialised: vec![] };
    for layer in net.graph().learnt() {
        let tensors: Vec<String> =
            layer.slots(net.graph()).iter().map(|slot| format!("{}.{}", layer.name, slot.part)).collect();
        let complete = tensors.iter().all(|name| named.contains_key(name));
        if complete && !classifiers.contains(&layer.name.as_str()) {
            tensors.iter().try_for_each(|name| net.set(name, &named[name])).with_context(|| format!("weights `{origin}`"))?;
            started.loaded.push(layer.name.clone());
        } else {
            started.reinitialised.push(layer.name.clone());
        }
    }
    ensure!(
        !started.loaded.is_empty(),
        "weights `{origin}`: no tensor has a name of this network, such as `{}`",
        first_name(net)
    );
    Ok(started)
}

fn first_name(net: &Net) -> &str {
    net.parameters().first().map_or("", |parameter| &parameter.name)
}
