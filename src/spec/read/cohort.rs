//! `[cohort]`: where the exams come from and what they can be.

use std::collections::BTreeMap;

use super::super::experiment::{Cohort, Source};
use super::super::section::{Item, Section, suggestion};
use super::folder;
use crate::phantom::{self, Difficulty};

/// Classes that a phantom can have.
const PHANTOM_CLASSES: [&str; 3] = ["none", "left", "right"];

/// Key under which the positive classes may share a number of test exams; so no class may be called that.
pub(super) const SHARED: &str = "positive";

pub(super) fn read(s: &mut Section<'_>) -> Option<Cohort> {
    let classes = s.required("classes", |item| classes(&item));
    let positive = s.required("positive", |item| positive(&item, classes.as_deref()));
    // Both sources may be described at once: a spec of DICOM exams can be tried on phantoms by `--set cohort.source=phantom`.
    let (rendered, written) = (s.get("phantom"), folder::Written::of(s));
    let external = s.optional("external", Vec::new(), |item| folder::external(&item));
    let formats = folder::FORMATS.map(|(name, format)| (name, Some(format)));
    let format = s.required("source", |item| item.one_of(&[&[("phantom", None)], &formats[..]].concat()))?;
    let source = match (format, rendered) {
        (Some(format), _) => written.read(s, format).map(Source::Folder),
        (None, Some(item)) => item.table(|s| phantom(s, classes.as_deref())).map(Source::Phantom),
        (None, None) => return s.fault("missing `cohort.phantom`", "say how many exams of each class"),
    };
    Some(Cohort { source: source?, classes: classes?, positive: positive?, external: external? })
}

fn classes(item: &Item<'_>) -> Option<Vec<String>> {
    let names = distinct(item)?;
    match names.iter().find(|name| *name == SHARED) {
        Some(_) => item.fault(
            format!("a class cannot be called `{SHARED}`"),
            "`split.test` uses that name for all classes of `cohort.positive` together",
        ),
        None if names.len() < 2 => item.expected("two classes at least"),
        None => Some(names),
    }
}

fn positive(item: &Item<'_>, classes: Option<&[String]>) -> Option<Vec<String>> {
    let names = distinct(item)?;
    let Some(classes) = classes else { return Some(names) };
    let known: Vec<_> = classes.iter().map(String::as_str).collect();
    for part in item.items().unwrap_or_default() {
        if let Some(name) = part.word().filter(|name| !known.contains(name)) {
            part.fault::<()>(format!("`{name}` is not one of `cohort.classes`"), suggestion(name, &known));
        }
    }
    if names.len() >= classes.len() {
        return item.fault("every class is positive", "leave one class out of `positive`: a ROC curve needs negatives");
    }
    names.iter().all(|name| classes.contains(name)).then_some(names)
}

/// Names of an array, no two the same.
fn distinct(item: &Item<'_>) -> Option<Vec<String>> {
    let names = item.list(|part| part.word().map(str::to_owned))?;
    for (index, part) in item.items().unwrap_or_default().iter().enumerate() {
        if names[..index].contains(&names[index]) {
            return part.fault(format!("`{}` is named twice in `{}`", names[index], item.path), "name each once");
        }
    }
    Some(names)
}

/// `[cohort.phantom]`, every knob of it.
fn phantom(s: &mut Section<'_>, classes: Option<&[String]>) -> Option<phantom::Cohort> {
    let exams = s.required("exams", |item| exams(&item, classes));
    let matrix = s.optional("matrix", 512, |item| item.count(64, 1024));
    let none = exams.as_ref().map_or(1_000_000, |exams| exams.get("none").copied().unwrap_or(0));
    let calcified = s.optional("calcified", None, |item| item.count(0, none).map(Some));
    let difficulty = s.table_or_empty("difficulty", difficulty);
    Some(phantom::Cohort { exams: exams?, matrix: matrix?, calcified: calcified?, difficulty: difficulty? })
}

/// `[cohort.phantom.difficulty]`, in the ranges that can be rendered.
fn difficulty(s: &mut Section<'_>) -> Option<Difficulty> {
    let usual = Difficulty::default();
    let mut knob = |key, usual, low: f64, high: f64, unit: &str| {
        let what = format!("a number from {low} to {high}{unit}");
        s.optional(key, usual, |item| item.number(&what, |x| (low..=high).contains(&x)))
    };
    let clot = knob("clot", usual.clot, 20.0, 120.0, " HU");
    let smallest = knob("smallest", usual.smallest, 0.1, 6.5, " cm");
    let offset = knob("offset", usual.offset, 0.0, 10.0, " HU");
    let noise = knob("noise", usual.noise, 0.0, 30.0, " HU");
    let pose = knob("pose", usual.pose, 0.0, 15.0, " degrees and mm");
    let infarct = knob("infarct", usual.infarct, 0.0, 1.0, "");
    Some(Difficulty { clot: clot?, smallest: smallest?, offset: offset?, noise: noise?, pose: pose?, infarct: infarct? })
}

/// Exams of each class: all classes of the cohort, no others.
fn exams(item: &Item<'_>, classes: Option<&[String]>) -> Option<BTreeMap<String, usize>> {
    let counts: Vec<_> = item.named()?.into_iter().map(|(class, at, count)| (class, at, count.count(1, 1_000_000))).collect();
    let classes = classes?;
    let known: Vec<_> = classes.iter().map(String::as_str).collect();
    for (class, origin, _) in &counts {
        if !known.contains(class) {
            let fact = format!("`{}` is not one of `cohort.classes`", class.escape_debug());
            item.log.fault(origin, fact, suggestion(class, &known));
        }
    }
    for class in &known {
        if !PHANTOM_CLASSES.contains(class) {
            item.fault::<()>(format!("there is no phantom of class `{class}`"), suggestion(class, &PHANTOM_CLASSES));
        } else if !counts.iter().any(|(counted, ..)| counted == class) {
            item.fault::<()>(format!("`{}` has no count for class `{class}`", item.path), format!("add `{class} = …`"));
        }
    }
    counts.into_iter().map(|(class, _, count)| Some((class.to_owned(), count?))).collect()
}
