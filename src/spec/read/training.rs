//! `[network]`, `[weights]` and `[evaluate]`: what learns, from where, and how it is judged.

use super::super::experiment::Evaluate;
use super::super::section::{Item, Section, listed, suggestion};
use crate::stage::compare::Aggregate;
use crate::stage::predict::{self, Eval};
use crate::stage::train::{self, NETWORKS};
use crate::weights::Classifiers;

/// `[network.NAME]`.
#[derive(Clone)]
pub(super) struct Network {
    pub(super) network: train::Network,
    pub(super) epochs: usize,
    pub(super) batch: usize,
}

/// `[weights.NAME]`.
#[derive(Clone)]
pub(super) struct Weights<'a> {
    pub(super) learning_rate: f64,
    pub(super) from: From<'a>,
}

/// Where weights start, as written.
#[derive(Clone)]
pub(super) enum From<'a> {
    Untrained,
    Formula(Formula<'a>),
    /// A path that may hold `{network}`, and what becomes of the layers that classify.
    File(Item<'a>, Classifiers),
}

/// A formula pretraining; it gets its network, and its size unless written, from the model.
#[derive(Clone)]
pub(super) struct Formula<'a> {
    pub(super) size: Option<(usize, Item<'a>)>,
    pub(super) categories: usize,
    pub(super) objects: usize,
    pub(super) samples: usize,
    pub(super) batch: usize,
    pub(super) learning_rate: f64,
    pub(super) min_accuracy: f64,
}

/// Reads a network for images of side `size`.
pub(super) fn network(item: &Item<'_>, size: Option<usize>) -> Option<Network> {
    item.table(|s| {
        let name = match s.get("architecture") {
            Some(item) => item.one_of(&NETWORKS.iter().map(|name| (*name, *name)).collect::<Vec<_>>()),
            None => registered(item),
        };
        let width = s.optional("width", 1.0, |item| item.rate(1.0));
        let crop = s.required("crop", |item| crop(&item, size, name));
        let epochs = s.required("epochs", |item| item.count(1, 1_000_000));
        let batch = s.required("batch", |item| item.count(1, 1_000_000));
        let network = train::Network { name: name?.to_owned(), width: width?, crop: crop? };
        Some(Network { network, epochs: epochs?, batch: batch? })
    })
}

/// The network that the table is named after.
fn registered(item: &Item<'_>) -> Option<&'static str> {
    let name = item.path.rsplit('.').next().unwrap_or_default();
    let found = NETWORKS.iter().find(|known| **known == name).copied();
    let hint = || format!("{}; or say which it is: `architecture = \"{}\"`", suggestion(name, NETWORKS), NETWORKS[0]);
    found.or_else(|| item.fault(format!("there is no network `{}`", name.escape_debug()), hint()))
}

/// The side of what a network sees: no larger than the images, no smaller than its pools can halve.
fn crop(item: &Item<'_>, size: Option<usize>, network: Option<&str>) -> Option<usize> {
    let crop = item.count(8, 1024)?;
    let smallest = network.and_then(train::smallest_crop).unwrap_or(crop);
    match size {
        Some(size) if crop > size => item.fault(
            format!("`{}` is {crop}, but images are {size} pixels wide", item.path),
            format!("at most {size}, the `size` of `[images]`"),
        ),
        _ if crop < smallest => item.fault(
            format!("`{}` is {crop}, too small for the layers of the network", item.path),
            format!("at least {smallest}"),
        ),
        _ => Some(crop),
    }
}

pub(super) fn weights<'a>(item: &Item<'a>) -> Option<Weights<'a>> {
    item.table(|s| {
        let learning_rate = s.required("learning_rate", |item| item.rate(10.0));
        let from = s.optional("from", From::Untrained, |item| from(&item));
        Some(Weights { learning_rate: learning_rate?, from: from? })
    })
}

/// `{ file = … }` or `{ formula = … }`.
fn from<'a>(item: &Item<'a>) -> Option<From<'a>> {
    item.table(|s| match (s.get("file"), s.get("formula")) {
        (Some(file), None) => {
            let rules = [("fresh", Classifiers::Fresh), ("fitting", Classifiers::Fitting)];
            let classifiers = s.optional("classifiers", Classifiers::Fresh, |item| item.one_of(&rules));
            file.string()?;
            classifiers.map(|classifiers| From::File(file, classifiers))
        }
        (None, Some(name)) => {
            let formula = formula(s);
            name.one_of(&[("ifs", ())])?;
            formula.map(From::Formula)
        }
        (both, _) => {
            let fact = if both.is_some() { "`from` names two sources" } else { "`from` names no source" };
            s.fault(fact, format!("expected {}", listed(&["{ file = \"…\" }", "{ formula = \"ifs\" }"])))
        }
    })
}

/// A size of pretraining; every number of it can be written over.
#[derive(Clone, Copy)]
struct Profile {
    categories: usize,
    objects: usize,
    samples: usize,
    min_accuracy: f64,
}

/// Shows in seconds that all parts fit; what it learns is no better than fillers, so nothing is asked of it.
const SMOKE: Profile = Profile { categories: 8, objects: 1, samples: 2_000, min_accuracy: 0.0 };
/// The smallest that is likely to help: hours on a CPU, a minute on a GPU. Half of all held-out images must be told apart.
const MINI: Profile = Profile { categories: 64, objects: 1, samples: 60_000, min_accuracy: 0.5 };
/// For a GPU.
const STANDARD: Profile = Profile { categories: 256, objects: 3, samples: 600_000, min_accuracy: 0.5 };

fn formula<'a>(s: &mut Section<'a>) -> Option<Formula<'a>> {
    let profiles = [("smoke", SMOKE), ("mini", MINI), ("standard", STANDARD)];
    let profile = s.optional("profile", MINI, |item| item.one_of(&profiles));
    let usual = profile.unwrap_or(MINI);
    let size = s.get("size").map(|item| item.count(16, 1024).map(|size| (size, item)));
    let categories = s.optional("categories", usual.categories, |item| item.count(2, 100_000));
    let objects = s.optional("objects", usual.objects, |item| item.count(1, 100));
    let samples = s.optional("samples", usual.samples, |item| item.count(1, 1_000_000_000));
    let batch = s.optional("batch", 64, |item| item.count(1, 1_000_000));
    let learning_rate = s.optional("learning_rate", 0.01, |item| item.rate(10.0));
    let accuracy = |item: Item<'_>| item.number("a share from 0 to below 1", |x| (0.0..1.0).contains(&x));
    let min_accuracy = s.optional("min_accuracy", usual.min_accuracy, accuracy);
    profile?;
    Some(Formula {
        size: size.map_or(Some(None), |size| size.map(Some))?,
        categories: categories?,
        objects: objects?,
        samples: samples?,
        batch: batch?,
        learning_rate: learning_rate?,
        min_accuracy: min_accuracy?,
    })
}

/// `[evaluate]`: what holds for the experiment, and what is a matter of each model.
pub(super) fn evaluate(s: &mut Section<'_>) -> (Option<Evaluate>, Option<predict::Params>) {
    let rules = [("mean", Aggregate::Mean), ("max", Aggregate::Max), ("noisy_or", Aggregate::NoisyOr)];
    let aggregate = s.optional("aggregate", Aggregate::Mean, |item| item.one_of(&rules));
    let level = s.optional("level", 0.95, |item| item.share());
    let evals = [("center_crop", Eval::CenterCrop), ("squash", Eval::Squash)];
    let eval = s.optional("eval", Eval::CenterCrop, |item| item.one_of(&evals));
    let evaluate = aggregate.zip(level).map(|(aggregate, level)| Evaluate { aggregate, level });
    (evaluate, eval.map(|eval| predict::Params { eval }))
}
