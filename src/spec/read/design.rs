//! `[design]`: which factors vary, and over what.

use super::super::section::{Item, listed, suggestion};
use super::super::source::{Log, Origin};
use super::super::tree::{self, Node};
use super::document::{Document, Named};
use crate::artifact::results::Factor;

/// Sections of which a model is made, so that a factor may reach into them.
const VARIABLE: [&str; 8] = ["seed", "images", "augment", "network", "weights", "solver", "training", "evaluate.eval"];

/// More models than this are a slip, not a plan.
const MOST_MODELS: usize = 10_000;

/// The factors in order.
pub(super) struct Design<'a> {
    axes: Vec<Axis<'a>>,
    /// Nothing had to be left out. The models of what is left are still worth reading for their own faults.
    pub(super) is_whole: bool,
}

/// One factor.
pub(super) struct Axis<'a> {
    name: String,
    origin: &'a Origin,
    /// The path that its levels are put at; none for the three families of tables.
    path: Option<Vec<String>>,
    levels: Vec<(String, &'a Node)>,
}

/// One level of each factor.
#[derive(Clone, Default)]
pub(super) struct Cell<'d, 'a> {
    levels: Vec<(&'d Axis<'a>, &'d (String, &'a Node))>,
}

impl<'a> Design<'a> {
    /// The factors as the report names them.
    pub(super) fn factors(&self) -> Vec<Factor> {
        let levels = |axis: &Axis<'_>| axis.levels.iter().map(|(level, _)| level.clone()).collect();
        self.axes.iter().map(|axis| Factor { name: axis.name.clone(), levels: levels(axis) }).collect()
    }

    /// Every combination of levels, the first factor slowest.
    pub(super) fn cells(&self) -> Vec<Cell<'_, 'a>> {
        self.axes.iter().fold(vec![Cell::default()], |cells, axis| {
            cells.iter().flat_map(|cell| axis.levels.iter().map(|level| cell.with(axis, level))).collect()
        })
    }
}

impl<'d, 'a> Cell<'d, 'a> {
    fn with(&self, axis: &'d Axis<'a>, level: &'d (String, &'a Node)) -> Self {
        let mut levels = self.levels.clone();
        levels.push((axis, level));
        Self { levels }
    }

    /// Each factor with its level.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.levels.iter().map(|(axis, (level, _))| (axis.name.as_str(), level.as_str()))
    }

    /// The level of a factor, if it is one.
    pub(super) fn level(&self, factor: &str) -> Option<&'d str> {
        self.named().find(|(name, _)| *name == factor).map(|(_, level)| level)
    }

    /// The tree of this cell: `root` with every level that stands for a value put in its place.
    pub(super) fn tree(&self, log: &Log, root: &Node) -> Option<Node> {
        let mut tree = root.clone();
        for (axis, (_, node)) in &self.levels {
            let Some(path) = &axis.path else { continue };
            if let Err(at) = tree.set(path, axis.origin, (*node).clone()) {
                let fact = format!("`{}` cannot be a factor: `{at}` is no table", axis.name);
                log.fault(axis.origin, fact, "only keys of tables can be set");
                return None;
            }
        }
        Some(tree)
    }
}

/// Reads the design; without one there is one model. `None` where too little is left to tell which models are meant.
pub(super) fn read<'a>(log: &Log, written: &Document<'a>) -> Option<Design<'a>> {
    let Some(item) = &written.design else { return Some(Design { axes: Vec::new(), is_whole: true }) };
    let before = log.count();
    let axes: Vec<_> =
        item.named()?.into_iter().map(|(name, origin, levels)| axis(log, written, name, origin, &levels)).collect();
    let axes: Vec<Axis<'_>> = axes.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    let models = axes.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.levels.len()));
    if models.is_none_or(|models| models > MOST_MODELS) {
        return item.fault(format!("the design has more than {MOST_MODELS} models"), "take factors or levels away");
    }
    Some(Design { axes, is_whole: log.count() == before })
}

/// One factor: `Some(None)` where it is faulty and the models can be told without it, `None` where they cannot.
fn axis<'a>(log: &Log, written: &Document<'a>, name: &str, origin: &'a Origin, item: &Item<'a>) -> Option<Option<Axis<'a>>> {
    let parts = &written.parts;
    let axis = |path, levels| Axis { name: name.to_owned(), origin, path, levels };
    let family = match name {
        "augment" => parts.augment.as_ref().map(names),
        "network" => parts.network.as_ref().map(names),
        "weights" => parts.weights.as_ref().map(names),
        path => return Some(variable(log, path, origin).zip(levels(item)).map(|(path, levels)| axis(Some(path), levels))),
    };
    let levels = known(item, levels(item)?, &family?);
    (!levels.is_empty()).then(|| Some(axis(None, levels)))
}

fn names<T>(family: &Named<T>) -> Vec<&str> {
    family.iter().map(|(name, _)| name.as_str()).collect()
}

/// Those levels that name tables of a family.
fn known<'a>(item: &Item<'a>, mut levels: Vec<(String, &'a Node)>, names: &[&str]) -> Vec<(String, &'a Node)> {
    for part in item.items().unwrap_or_default() {
        if let Some(level) = part.string().filter(|level| !names.contains(level)) {
            let fact = format!("`{}` names `{}`, which is not there", item.path, level.escape_debug());
            part.fault::<()>(fact, suggestion(level, names));
        }
    }
    levels.retain(|(level, _)| names.contains(&level.as_str()));
    levels
}

/// A path into what a model is made of.
fn variable(log: &Log, name: &str, origin: &Origin) -> Option<Vec<String>> {
    let starts = |path: &[String], section: &str| {
        section.split('.').enumerate().all(|(i, part)| path.get(i).is_some_and(|at| at == part))
    };
    if let Some(path) = tree::parse_path(name).filter(|path| VARIABLE.iter().any(|section| starts(path, section))) {
        return Some(path);
    }
    let hint = format!(
        "expected `augment`, `network`, `weights`, or the path of a value of a model like \"solver.momentum\", which starts with {}",
        listed(&VARIABLE)
    );
    log.fault(origin, format!("`{}` cannot be a factor", name.escape_debug()), hint);
    None
}

/// Levels by their text, no two the same.
fn levels<'a>(item: &Item<'a>) -> Option<Vec<(String, &'a Node)>> {
    let levels = item.list(|part| Some((part.node.label(), part.node)))?;
    for (index, part) in item.items().unwrap_or_default().iter().enumerate() {
        if levels[..index].iter().any(|(text, _)| *text == levels[index].0) {
            return part.fault(format!("level `{}` is named twice", levels[index].0.escape_debug()), "name each level once");
        }
    }
    Some(levels)
}
