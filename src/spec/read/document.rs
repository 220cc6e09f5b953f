//! All sections of a spec as they are written, before the design multiplies them.

use super::super::experiment::{Cohort, Evaluate, Images, Leakage, Split};
use super::super::section::{Item, Section};
use super::super::stage::Spec;
use super::super::tree::{Node, Value};
use super::augment::{self, Augment};
use super::options::{self, Options};
use super::solver::{self, Solver};
use super::training::{self, Network, Weights};
use super::{cohort, evaluate, images, leakage, split, stage};
use crate::stage::compare::OperatingRule;
use crate::stage::predict;

/// The spec section by section. What is `None` is faulty, and the log says how.
pub(super) struct Document<'a> {
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) notes: Option<Vec<String>>,
    pub(super) cohort: Option<Cohort>,
    pub(super) split: Option<Split>,
    pub(super) leakage: Option<Leakage>,
    pub(super) evaluate: Option<Evaluate>,
    pub(super) operating_point: Option<OperatingRule>,
    pub(super) parts: Parts<'a>,
    pub(super) design: Option<Item<'a>>,
    pub(super) compare: Option<Item<'a>>,
    pub(super) subgroup: Option<Item<'a>>,
    pub(super) reader: Option<Item<'a>>,
    pub(super) canary: Option<Item<'a>>,
    pub(super) explain: Option<Item<'a>>,
    pub(super) robustness: Option<Item<'a>>,
    pub(super) manuscript: Option<Item<'a>>,
    pub(super) stage: Option<Item<'a>>,
}

/// What a model is made of; the design may vary all of it.
pub(super) struct Parts<'a> {
    pub(super) seed: Option<u64>,
    pub(super) images: Option<Images>,
    pub(super) augment: Option<Named<Augment>>,
    pub(super) network: Option<Named<Network>>,
    pub(super) weights: Option<Named<Weights<'a>>>,
    pub(super) solver: Option<Solver>,
    pub(super) options: Option<Options>,
    pub(super) predict: Option<predict::Params>,
}

/// The tables of `[augment.…]` and its like by their names, in the order of the spec; those that are `None` are faulty.
pub(super) type Named<T> = Vec<(String, Option<T>)>;

/// Sections without which there is no study.
const STUDY: [&str; 5] = ["cohort", "split", "images", "network", "weights"];

/// Whether commands are all that is asked for.
pub(super) fn is_pipeline(root: &Node) -> bool {
    let Value::Table(table) = &root.value else { return false };
    table.get("stage").is_some() && STUDY.iter().all(|section| table.get(section).is_none())
}

/// Reads a spec of commands.
pub(super) fn pipeline(root: &Item<'_>) -> Option<Spec> {
    root.table(|s| {
        let name = s.required("name", |item| item.word().map(str::to_owned));
        let stages = s.required("stage", |item| stage::read(Some(&item), false));
        Some(Spec { name: name?, stages: stages?, study: None })
    })
}

/// Reads every section.
pub(super) fn read<'a>(root: &Item<'a>) -> Option<Document<'a>> {
    root.table(|s| {
        let name = s.required("name", |item| item.word().map(str::to_owned));
        let title = s.get("title").map_or(name.clone(), |item| item.string().map(str::to_owned));
        let seed = s.required("seed", |item| item.count(0, i64::MAX as usize)).map(|seed| seed as u64);
        let notes = s.optional("notes", Vec::new(), |item| notes(&item));
        let cohort = s.required("cohort", |item| item.table(cohort::read));
        let split = s.required("split", |item| item.table(|s| split::read(s, cohort.as_ref())));
        let leakage = s.table_or_empty("leakage", leakage::read);
        let images = s.required("images", |item| item.table(|s| Some(images::read(s))));
        let evaluate = |s: &mut Section<'a>| Some((training::evaluate(s), evaluate::operating_point(s)));
        let ((evaluate, predict), operating_point) = s.table_or_empty("evaluate", evaluate).unwrap_or_default();
        let classes = cohort.as_ref().map(|cohort| cohort.classes.as_slice());
        let parts = parts(s, seed, images.unwrap_or_default(), classes, predict);
        let (design, compare) = (s.get("design"), s.get("compare"));
        let (subgroup, reader, canary) = (s.get("subgroup"), s.get("reader"), s.get("canary"));
        let (explain, robustness, manuscript) = (s.get("explain"), s.get("robustness"), s.get("manuscript"));
        let stage = s.get("stage");
        Some(Document {
            name,
            title,
            notes,
            cohort,
            split,
            leakage,
            evaluate,
            operating_point,
            parts,
            design,
            compare,
            subgroup,
            reader,
            canary,
            explain,
            robustness,
            manuscript,
            stage,
        })
    })
}

fn parts<'a>(
    s: &mut Section<'a>,
    seed: Option<u64>,
    images: images::Written,
    classes: Option<&[String]>,
    predict: Option<predict::Params>,
) -> Parts<'a> {
    Parts {
        seed,
        augment: s.optional("augment", Vec::new(), |item| named(&item, |item| augment::read(item, images.window))),
        network: s.required("network", |item| named(&item, |item| training::network(item, images.size))),
        weights: s.required("weights", |item| named(&item, training::weights)),
        solver: s.table_or_empty("solver", solver::read),
        options: s.table_or_empty("training", |s| options::read(s, classes)),
        images: images.whole(),
        predict,
    }
}

/// Reads each table of a family; its name must be fit for file names, since models are called by it.
fn named<'a, T>(family: &Item<'a>, read: impl Fn(&Item<'a>) -> Option<T>) -> Option<Named<T>> {
    let tables = family.named()?;
    if tables.is_empty() {
        return family.fault(format!("`{}` is empty", family.path), format!("add a table, `[{}.NAME]`", family.path));
    }
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    for (name, origin, item) in &tables {
        if name.is_empty() || !name.chars().all(is_fit) {
            let fact = format!("`{}` cannot be part of a model's name", name.escape_debug());
            item.log.fault(origin, fact, "use letters, digits, `-` and `_`");
        }
    }
    Some(tables.iter().map(|(name, _, item)| ((*name).to_owned(), read(item))).collect())
}

/// One note or several.
fn notes(item: &Item<'_>) -> Option<Vec<String>> {
    let one = |item: Item<'_>| item.string().map(str::to_owned);
    match item.items() {
        Some(notes) => notes.into_iter().map(one).collect(),
        None => one(item.clone()).map(|note| vec![note]),
    }
}
