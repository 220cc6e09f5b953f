//! `[split]`: who trains, who tunes, who tests.

use std::collections::BTreeMap;

use super::super::experiment::{Cohort, Source, Split, Test};
use super::super::section::{Item, Section, suggestion};
use super::super::tree::Value;
use super::cohort::SHARED;
use super::subgroup;

/// Share of the development exams that tunes where folds divide: one fold, whatever its size.
const OF_FOLDS: f64 = 0.0;

pub(super) fn read(s: &mut Section<'_>, cohort: Option<&Cohort>) -> Option<Split> {
    let by = s.optional("by", (), |item| by_patient(&item));
    let balance = s.optional("balance", Vec::new(), |item| item.list(|part| subgroup::fact(&part, cohort)));
    let split = match s.get("folds") {
        Some(item) => folds(s, &item, balance?),
        None => parts(s, cohort, balance?),
    };
    by?;
    split
}

fn folds(s: &mut Section<'_>, item: &Item<'_>, balance: Vec<String>) -> Option<Split> {
    let folds = item.count(3, 100);
    for key in ["test", "tune"] {
        if let Some(other) = s.get(key) {
            let fact = format!("`{}` beside `folds`: of the folds, each tests once and the next one tunes", other.path);
            other.fault::<()>(fact, "leave one of them out");
        }
    }
    Some(Split { test: Test::Folds(folds?), tune: OF_FOLDS, balance })
}

fn parts(s: &mut Section<'_>, cohort: Option<&Cohort>, balance: Vec<String>) -> Option<Split> {
    let test = s.required("test", |item| match item.node.value {
        Value::Float(_) => share(&item, &balance),
        _ => counts(&item, cohort).map(Test::Counts),
    });
    let tune = s.required("tune", |item| item.share());
    Some(Split { test: test?, tune: tune?, balance })
}

/// A chance for each patient on its own cannot mind the others.
fn share(item: &Item<'_>, balance: &[String]) -> Option<Test> {
    if !balance.is_empty() {
        return item
            .fault("`split.balance` needs numbers: a share decides on each patient alone", "give `test` by class, or `folds`");
    }
    item.share().map(Test::Share)
}

/// Only one way keeps the test honest; the key exists so that a spec says so.
fn by_patient(item: &Item<'_>) -> Option<()> {
    match &item.node.value {
        Value::String(text) if text == "patient" => Some(()),
        _ => item.fault(
            format!("`split.by` is {}", item.node.described()),
            "expected `\"patient\"`: images of one patient on both sides of a split let the test see what was trained on",
        ),
    }
}

fn counts(item: &Item<'_>, cohort: Option<&Cohort>) -> Option<BTreeMap<String, usize>> {
    let counts: Vec<_> = item.named()?.into_iter().map(|(key, at, count)| (key, at, count.count(0, 1_000_000))).collect();
    let cohort = cohort?;
    let known: Vec<_> = cohort.classes.iter().map(String::as_str).chain([SHARED]).collect();
    for (key, origin, _) in counts.iter().filter(|(key, ..)| !known.contains(key)) {
        item.log.fault(origin, format!("`{}` is no class of the cohort", key.escape_debug()), suggestion(key, &known));
    }
    let counts = counts.into_iter().map(|(key, _, count)| Some((key.to_owned(), count?))).collect::<Option<_>>()?;
    let is_covered = is_covered(item, cohort, &counts);
    (is_covered && is_scorable(item, cohort, &counts) && is_enough(item, cohort, &counts)).then_some(counts)
}

/// Every class has one count, its own or the shared one.
fn is_covered(item: &Item<'_>, cohort: &Cohort, counts: &BTreeMap<String, usize>) -> bool {
    let mut is_covered = counts.keys().all(|key| key == SHARED || cohort.classes.contains(key));
    for class in &cohort.classes {
        let is_shared = counts.contains_key(SHARED) && cohort.positive.contains(class);
        let fact = match (counts.contains_key(class), is_shared) {
            (true, true) => format!("class `{class}` is counted twice, by its name and by `{SHARED}`"),
            (false, false) => format!("`split.test` has no count for class `{class}`"),
            _ => continue,
        };
        item.fault::<()>(fact, "give each class one number; the positive classes may share `positive = …`");
        is_covered = false;
    }
    is_covered
}

/// A ROC curve needs exams on both sides.
fn is_scorable(item: &Item<'_>, cohort: &Cohort, counts: &BTreeMap<String, usize>) -> bool {
    let is_positive = |key: &String| key == SHARED || cohort.positive.contains(key);
    let (positive, negative): (Vec<_>, Vec<_>) = counts.iter().partition(|(key, _)| is_positive(key));
    for (counts, side) in [(&positive, "positive"), (&negative, "negative")] {
        if counts.iter().all(|(_, count)| **count == 0) {
            item.fault::<()>(format!("no {side} test exams"), "a ROC curve needs positive and negative exams");
            return false;
        }
    }
    true
}

/// Development needs two exams of each class: one to train, one to tune.
fn is_enough(item: &Item<'_>, cohort: &Cohort, counts: &BTreeMap<String, usize>) -> bool {
    let Source::Phantom(phantom) = &cohort.source else { return true };
    let mut is_enough = true;
    for (key, test) in counts {
        let classes = if key == SHARED { cohort.positive.as_slice() } else { std::slice::from_ref(key) };
        let exams: usize = classes.iter().filter_map(|class| phantom.exams.get(class)).sum();
        let most = exams.saturating_sub(2 * classes.len());
        if *test > most {
            let fact = format!("`split.test` takes {test} of {exams} `{key}` exams");
            item.fault::<()>(fact, format!("at most {most}, so that each class keeps one exam to train and one to tune"));
            is_enough = false;
        }
    }
    is_enough
}
