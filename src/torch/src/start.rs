//! Where the weights of a training start: from fillers, or from weights learnt elsewhere.

use anyhow::{Context, Result, bail, ensure};
use bgh::artifact::Files;
use bgh::stage::train::{Params, Start};
use bgh::weights::{self, Classifiers, Left, Network, Wanted, WeightFile};
use tch::Tensor;

use crate::model::{self, WEIGHTS};
use crate::network::Net;
use crate::session::Session;

/// What was done to the fillers' weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Where the weights came from, in words.
    pub origin: String,
    /// Layers that were loaded.
    pub loaded: Vec<String>,
    /// Layers that kept their filler although weights were given.
    pub reinitialised: Vec<Left>,
    /// Layers of the file that the network lacks.
    pub ignored: Vec<Left>,
}

/// Loads starting weights into `net` as `params` ask.
///
/// # Errors
/// When the weights are missing, in a format that is not read, or of another network.
pub fn apply(session: &Session, params: &Params, net: &Net) -> Result<Started> {
    match params.start {
        Start::Untrained => Ok(Started { origin: "untrained".into(), loaded: vec![], reinitialised: vec![], ignored: vec![] }),
        Start::Formula => formula(session.input("start")?, params, net),
        Start::File { classifiers } => file(session.input("start")?, classifiers, net),
    }
}

fn formula(files: &Files, params: &Params, net: &Net) -> Result<Started> {
    let facts = model::facts(files)?;
    let (ours, theirs) = (&params.network, &facts.network);
    ensure!(ours == theirs, "input `start` holds {theirs:?}, the training wants {ours:?}; pretrain the same network");
    let origin = format!("formula-pretrained: {} iterated function systems", facts.classes.len());
    load(&WeightFile::open(files.path(WEIGHTS)?)?, origin, Classifiers::Fresh, net)
}

fn file(files: &Files, classifiers: Classifiers, net: &Net) -> Result<Started> {
    let mut all = files.iter();
    let (Some((name, path)), None) = (all.next(), all.next()) else {
        bail!("input `start` must be one weight file; it holds {} files", files.iter().count());
    };
    load(&WeightFile::open(path)?, name.to_owned(), classifiers, net)
}

/// Copies what fits, see [`weights::fit()`], in the order of input channels that the network has; `origin` says in words where the file is
/// from.
///
/// # Errors
/// When the file is damaged or of another network.
pub fn load(file: &WeightFile, origin: String, classifiers: Classifiers, net: &Net) -> Result<Started> {
    let place = || format!("weights `{origin}`");
    let mut read = file.read().with_context(place)?;
    if let Some(network) = Network::find(net.name()) {
        read.reorder(network.channels()).with_context(place)?;
    }
    let fit = weights::fit(&read.tensors, net.name(), &wanted(net), classifiers).with_context(place)?;
    for tensor in read.tensors.iter().filter(|tensor| fit.loaded.contains(&tensor.name)) {
        let shape: Vec<i64> = tensor.shape.iter().map(|&side| side as i64).collect();
        net.set(&tensor.name, &Tensor::f_from_slice(&tensor.values())?.f_reshape(&shape)?).with_context(place)?;
    }
    let layers = fit.layers();
    Ok(Started { origin, loaded: layers.loaded, reinitialised: layers.reinitialised, ignored: layers.ignored })
}

/// The tensors of a network as a weight file has to have them.
fn wanted(net: &Net) -> Vec<Wanted> {
    let classifiers: Vec<&str> = net.classifiers().collect();
    net.tensors()
        .map(|(name, values)| Wanted {
            name: name.to_owned(),
            shape: values.size().into_iter().map(|side| side as usize).collect(),
            classifier: name.rsplit_once('.').is_some_and(|(layer, _)| classifiers.contains(&layer)),
        })
        .collect()
}
