//! The models: one a cell of the design, each read from the tree that its cell makes.

use super::super::experiment::{Model, SEED, Start};
use super::super::section::{Item, listed};
use super::super::source::Log;
use super::super::tree::Node;
use super::design::{Cell, Design};
use super::document::{self, Document, Named};
use super::options::Matching;
use super::training::{Formula, From, Network, Weights};
use crate::imaging::Recipe;
use crate::stage::train::Matched;
use crate::stage::{pretrain, train};
use crate::weights::{Classifiers, WeightFile};

/// Every model, or `None` after every fault of every cell was noted.
pub(super) fn all(log: &Log, root: &Node, design: &Design<'_>) -> Option<Vec<Model>> {
    let models: Vec<_> = design.cells().iter().map(|cell| one(log, root, cell)).collect();
    let models = matched(models.into_iter().collect::<Option<_>>()?);
    for (index, model) in models.iter().enumerate() {
        if models[..index].iter().any(|earlier| earlier.name == model.name) {
            let fact = format!("two models would be called `{}`", model.name);
            log.fault(&root.origin, fact, "names join the levels of all factors by `-`; rename a level");
            return None;
        }
    }
    Some(models)
}

/// Models that are to be equal in updates get the size of the largest arm of the whole design: networks keep their own epochs and
/// batches, so all models of a network make equal updates then.
fn matched(models: Vec<(Model, Matching)>) -> Vec<Model> {
    let variants = |model: &Model| model.augment.as_ref().map_or(1, Recipe::product);
    let largest = models.iter().map(|(model, _)| variants(model)).max().unwrap_or(1);
    let model = |(mut model, matching): (Model, Matching)| {
        let own = variants(&model);
        model.train.matched = (matching == Matching::Updates && own < largest).then_some(Matched { largest, own });
        model
    };
    models.into_iter().map(model).collect()
}

fn one(log: &Log, root: &Node, cell: &Cell<'_, '_>) -> Option<(Model, Matching)> {
    let tree = cell.tree(log, root)?;
    let item = Item::root(log, &tree);
    let written = document::read(&item)?;
    let parts = &written.parts;
    let augment = chosen(&item, "augment", cell, parts.augment.as_ref());
    let network = chosen(&item, "network", cell, parts.network.as_ref());
    let weights = chosen(&item, "weights", cell, parts.weights.as_ref());
    let (augment, network, weights) = (augment?.flatten(), network??, weights??);
    let images = parts.images.clone()?;
    let model = Model {
        name: name(cell.named(), &network),
        pooled: name(cell.named().filter(|(factor, _)| *factor != SEED), &network),
        levels: cell.named().map(|(factor, level)| (factor.to_owned(), level.to_owned())).collect(),
        seed: parts.seed?,
        start: start(&weights.from, &network.network, written.cohort.as_ref().map(|cohort| cohort.classes.len()), images.size)?,
        train: params(&written, &network, &weights)?,
        predict: parts.predict.clone()?,
        augment,
        images,
    };
    Some((model, parts.options.as_ref()?.matching))
}

/// The table that a cell names, or the only one there is; `Some(None)` where a family is left out.
fn chosen<T: Clone>(root: &Item<'_>, family: &str, cell: &Cell<'_, '_>, tables: Option<&Named<T>>) -> Option<Option<T>> {
    let tables = tables?;
    let level = match (cell.level(family), tables.as_slice()) {
        (Some(level), _) => level,
        (None, []) => return Some(None),
        (None, [(only, _)]) => only,
        (None, several) => {
            let names: Vec<_> = several.iter().map(|(name, _)| name.as_str()).collect();
            let fact = format!("there are {} tables of `{family}`, and `[design]` does not say which", names.len());
            let hint = format!("add `{family} = [\"{}\"]` to `[design]`, or another of {}", names[0], listed(&names));
            let place = root.named()?.into_iter().find(|(name, ..)| *name == family).map(|(_, origin, _)| origin);
            root.log.fault(place.unwrap_or(&root.node.origin), fact, hint);
            return None;
        }
    };
    tables.iter().find(|(name, _)| name == level).and_then(|(_, table)| table.clone()).map(Some)
}

/// The levels joined; what a file name cannot bear becomes `_`. A lone model is called by its network.
fn name<'c>(levels: impl Iterator<Item = (&'c str, &'c str)>, network: &Network) -> String {
    let levels: Vec<_> = levels.map(|(_, level)| level).collect();
    if levels.is_empty() {
        return network.network.name.clone();
    }
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    levels.join("-").replace(|c| !is_fit(c), "_")
}

/// Where the weights come from; a faulty cohort (`classes` is `None`) hides no fault of a weight file.
fn start(from: &From<'_>, network: &train::Network, classes: Option<usize>, images: usize) -> Option<Start> {
    match from {
        From::Untrained => Some(Start::Untrained),
        From::Formula(formula) => pretraining(formula, network, images).map(Start::Formula),
        From::File(item, classifiers) => file(item, network, classes, *classifiers),
    }
}

fn pretraining(formula: &Formula<'_>, network: &train::Network, images: usize) -> Option<pretrain::Params> {
    let size = formula.size.as_ref().map_or(images, |(size, _)| *size);
    if let Some((size, item)) = formula.size.as_ref().filter(|(size, _)| *size < network.crop) {
        let fact = format!("`{}` is {size}, but the network sees {} pixels", item.path, network.crop);
        return item.fault(fact, format!("at least {}, the `crop` of the network", network.crop));
    }
    Some(pretrain::Params {
        network: network.clone(),
        size,
        categories: formula.categories,
        objects: formula.objects,
        samples: formula.samples,
        batch: formula.batch,
        learning_rate: formula.learning_rate,
        min_accuracy: formula.min_accuracy,
    })
}

/// The weight file of a network, which must be there and fit it.
fn file(item: &Item<'_>, network: &train::Network, classes: Option<usize>, classifiers: Classifiers) -> Option<Start> {
    let written = item.string()?.replace("{network}", &network.name);
    let path = item.log.folder(&item.node.origin).join(written);
    if !path.is_file() {
        return item.fault(
            format!("there is no weight file {}", path.display()),
            "relative paths start at the file that names them; `{network}` stands for the name of the network",
        );
    }
    let classes = classes?;
    let foreseen = WeightFile::open(&path).and_then(|file| file.foresee(&network.name, network.width, classes, classifiers));
    match foreseen {
        Ok(_) => Some(Start::File(path)),
        Err(fault) => item.fault(format!("{fault:#}"), format!("`bgh weights inspect {}` tells what it holds", path.display())),
    }
}

fn params(written: &Document<'_>, network: &Network, weights: &Weights<'_>) -> Option<train::Params> {
    let options = written.parts.options.clone()?;
    Some(train::Params {
        network: network.network.clone(),
        classes: written.cohort.as_ref()?.classes.clone(),
        epochs: network.epochs,
        batch: network.batch,
        start: match weights.from {
            From::Untrained => train::Start::Untrained,
            From::Formula(_) => train::Start::Formula,
            From::File(_, classifiers) => train::Start::File { classifiers },
        },
        solver: written.parts.solver.as_ref()?.at(weights.learning_rate),
        select: options.select,
        patience: options.patience,
        sampling: options.sampling,
        matched: None,
        mirror: options.mirror,
        precision: options.precision,
    })
}
