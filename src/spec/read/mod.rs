//! From the tree to the meaning: one reader a section. Defaults and ranges stand here and nowhere else.

mod augment;
mod canary;
mod cohort;
mod columns;
mod compare;
mod design;
mod document;
mod evaluate;
mod explain;
mod folder;
mod images;
mod leakage;
mod manuscript;
mod model;
mod options;
mod reader;
mod robustness;
mod solver;
mod split;
mod stage;
mod subgroup;
mod training;

use super::section::Item;
use super::source::Log;
use super::tree::Node;
use super::{Experiment, Spec, Stage};

/// What `root` asks for; `None` or an unclean log when it is faulty.
pub(super) fn spec(log: &Log, root: &Node) -> Option<Spec> {
    let whole = Item::root(log, root);
    if document::is_pipeline(root) {
        return document::pipeline(&whole);
    }
    let written = document::read(&whole)?;
    let stages = stage::read(written.stage.as_ref(), true);
    let study = study(log, root, written, stages.as_deref())?;
    Some(Spec { name: study.name.clone(), stages: stages?, study: Some(study) })
}

fn study(log: &Log, root: &Node, written: document::Document<'_>, stages: Option<&[Stage]>) -> Option<Experiment> {
    let design = design::read(log, &written);
    let models = design.as_ref().and_then(|design| model::all(log, root, design));
    let factors = design.as_ref().map(|design| design.factors());
    let whole = design.as_ref().is_some_and(|design| design.is_whole);
    let compare = factors.as_ref().filter(|_| whole).and_then(|factors| compare::read(written.compare.as_ref(), factors));
    let subgroups = subgroup::read(written.subgroup.as_ref(), written.cohort.as_ref());
    let readers = reader::read(written.reader.as_ref(), models.as_deref(), stages);
    let canaries = canary::read(written.canary.as_ref(), models.as_deref());
    let positive = written.cohort.as_ref().map(|cohort| cohort.positive.as_slice());
    let robustness = robustness::read(written.robustness.as_ref(), models.as_deref());
    let manuscript = manuscript::read(written.manuscript.as_ref());
    let explain = explain::read(written.explain.as_ref(), models.as_deref(), positive);
    Some(Experiment {
        name: written.name?,
        title: written.title?,
        seed: written.parts.seed?,
        notes: written.notes?,
        cohort: written.cohort?,
        split: written.split?,
        leakage: written.leakage?,
        images: written.parts.images?,
        factors: factors?,
        models: models?,
        evaluate: written.evaluate?,
        operating_point: written.operating_point?,
        compare: compare?,
        subgroups: subgroups?,
        readers: readers?,
        canaries: canaries?,
        explain: explain?,
        robustness: robustness?,
        manuscript: manuscript?,
    })
}
