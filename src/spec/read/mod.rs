//! From the tree to the meaning: one reader a section. Defaults and ranges stand here and nowhere else.

mod augment;
mod cohort;
mod compare;
mod design;
mod document;
mod images;
mod model;
mod options;
mod solver;
mod split;
mod training;

use super::Experiment;
use super::section::Item;
use super::source::Log;
use super::tree::Node;

/// The experiment that `root` describes; `None` or an unclean log when it is faulty.
pub(super) fn experiment(log: &Log, root: &Node) -> Option<Experiment> {
    let written = document::read(&Item::root(log, root))?;
    let design = design::read(log, &written);
    let models = design.as_ref().and_then(|design| model::all(log, root, design));
    let factors = design.as_ref().map(|design| design.factors());
    let whole = design.as_ref().is_some_and(|design| design.is_whole);
    let compare = factors.as_ref().filter(|_| whole).and_then(|factors| compare::read(written.compare.as_ref(), factors));
    Some(Experiment {
        name: written.name?,
        title: written.title?,
        seed: written.parts.seed?,
        notes: written.notes?,
        cohort: written.cohort?,
        split: written.split?,
        images: written.parts.images?,
        factors: factors?,
        models: models?,
        evaluate: written.evaluate?,
        compare: compare?,
    })
}
