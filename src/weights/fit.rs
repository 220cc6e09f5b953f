//! Which tensors of a file a network takes. Caffe's rule: by name; what the network lacks is passed over, what the file lacks keeps its
//! filler, and one name with two shapes is a fault. Classifiers are what fine-tuning starts anew; in Caffe they are renamed for that.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::network::{self, Network};
use super::tensor::Tensor;

/// What becomes of the layers that classify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classifiers {
    /// All of them start from their fillers. The units of a file's classifier stand for the file's classes, which are seldom those of the
    /// experiment, even where their number agrees.
    #[default]
    Fresh,
    /// Those whose shape agrees are loaded; the others start from their fillers.
    Fitting,
}

/// A tensor that a network has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Belongs to a layer that classifies.
    pub classifier: bool,
}

/// A tensor that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The tensor, or the layer where the same holds for all of its tensors.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What becomes of each tensor of a file and of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// Taken from the file.
    pub loaded: Vec<String>,
    /// Wanted by the network, but started from its filler.
    pub reinitialised: Vec<Left>,
    /// In the file, but not in the network.
    pub ignored: Vec<Left>,
}

impl Fit {
    /// The same by layers: those loaded, those that kept their fillers, those ignored. A tensor is told by itself where another fate befell
    /// others of its layer.
    pub fn layers(&self) -> Self {
        let mut loaded: Vec<String> = self.loaded.iter().map(|name| layer_of(name).to_owned()).collect();
        loaded.dedup();
        let touched: BTreeSet<&str> = loaded.iter().map(String::as_str).collect();
        let reinitialised = by_layer(&self.reinitialised, |layer| !touched.contains(layer));
        let ignored = by_layer(&self.ignored, |layer| !touched.contains(layer));
        Self { loaded, reinitialised, ignored }
    }
}

/// The layer that a tensor belongs to.
fn layer_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

fn by_layer(left: &[Left], is_whole: impl Fn(&str) -> bool) -> Vec<Left> {
    let mut told = BTreeSet::new();
    let named = left.iter().map(|Left { name, reason }| {
        let layer = layer_of(name);
        (if is_whole(layer) { layer } else { name.as_str() }, reason)
    });
    let once = named.filter(|&pair| told.insert(pair));
    once.map(|(name, reason)| Left { name: name.to_owned(), reason: reason.clone() }).collect()
}

/// Holds the tensors of a file against those of the network called `network`.
///
/// # Errors
/// When no tensor but those of classifiers fits, or a tensor has another shape; the message says what the file holds, what the network wants,
/// and which network is nearest.
pub fn fit(tensors: &[Tensor<'_>], network: &str, wanted: &[Wanted], classifiers: Classifiers) -> Result<Fit> {
    let held: BTreeMap<&str, &Tensor<'_>> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let (mut fit, mut misfits) = (Fit::default(), vec![]);
    for wanted in wanted {
        let reason = match held.get(wanted.name.as_str()) {
            _ if wanted.classifier && classifiers == Classifiers::Fresh => "a classifier starts anew".to_owned(),
            None => "not in the file".to_owned(),
            Some(tensor) if tensor.shape == wanted.shape => {
                fit.loaded.push(wanted.name.clone());
                continue;
            }
            Some(tensor) if wanted.classifier => format!("{:?} in the file, {:?} in the network", tensor.shape, wanted.shape),
            Some(tensor) => {
                misfits.push(format!(
                    "tensor `{}` is {:?}, network `{network}` wants {:?}",
                    wanted.name, tensor.shape, wanted.shape
                ));
                continue;
            }
        };
        fit.reinitialised.push(Left { name: wanted.name.clone(), reason });
    }
    ensure!(misfits.is_empty(), "{}{}", told(&misfits), nearest(tensors, network));
    let is_classifier = |name: &String| wanted.iter().any(|wanted| wanted.classifier && wanted.name == *name);
    ensure!(
        !fit.loaded.iter().all(is_classifier),
        "no tensor has a name of network `{network}`: the file holds {}, the network wants {}{}",
        some(tensors.iter().map(|tensor| tensor.name.as_str())),
        some(wanted.iter().map(|wanted| wanted.name.as_str())),
        nearest(tensors, network)
    );
    let names: BTreeSet<_> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    let strange = tensors.iter().filter(|tensor| !names.contains(tensor.name.as_str()));
    fit.ignored = strange.map(|tensor| Left { name: tensor.name.clone(), reason: "not in the network".to_owned() }).collect();
    Ok(fit)
}

/// What [`fit()`] will say of the registered network `name`, as far as it can be told without the network: where it is not `published`
/// (narrower than the published one), shapes are not compared, and the inputs of inner products, which depend on the crop, never are.
///
/// # Errors
/// As [`fit()`]; also when the file holds the published network and a narrower one is wanted.
pub fn foresee(tensors: &[Tensor<'_>], name: &str, published: bool, classes: usize, classifiers: Classifiers) -> Result<Fit> {
    let network = Network::find(name).with_context(|| format!("there is no network `{name}`"))?;
    let held: BTreeMap<&str, &Tensor<'_>> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let narrowed = |wanted: &Wanted| held.get(wanted.name.as_str()).is_none_or(|held| held.shape != wanted.shape);
    ensure!(
        published || network.tensors.iter().filter(|wanted| !wanted.classifier).any(narrowed),
        "the file holds the published `{name}`, which does not fit a narrower one; set its `width` to 1"
    );
    let foreseen = |wanted: &Wanted| {
        let mut wanted = wanted.clone();
        if wanted.classifier {
            wanted.shape[0] = classes;
        }
        if let Some(held) = held.get(wanted.name.as_str())
            && may_agree(&held.shape, &wanted.shape, published)
        {
            wanted.shape.clone_from(&held.shape);
        }
        wanted
    };
    fit(tensors, name, &network.tensors.iter().map(foreseen).collect::<Vec<_>>(), classifiers)
}

/// Whether a shape may be that of the network, given its published one.
fn may_agree(held: &[usize], published_shape: &[usize], published: bool) -> bool {
    match (held, published_shape) {
        ([held, _], [wanted, _]) => !published || held == wanted,
        _ => !published && held.len() == published_shape.len(),
    }
}

/// The first of several faults, and how many there are.
fn told(misfits: &[String]) -> String {
    match misfits {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first}, and {} more differ", rest.len()),
    }
}

/// Advice: the network whose published form the file fits better.
fn nearest(tensors: &[Tensor<'_>], network: &str) -> String {
    match network::best(tensors) {
        Some(best) if best.name != network => format!("; it looks like weights of `{}`", best.name),
        _ => String::new(),
    }
}

/// The first names of a list.
fn some<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 3;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<_> = names.take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
