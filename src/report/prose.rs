//! Building blocks of sentences.

use std::collections::BTreeMap;

use crate::artifact::TrainingRecord;
use crate::artifact::results::{ModelResult, TrainingResult};
use crate::report::stage::ModelMethods;

use super::study::Study;

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A model of which a method is told, with what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Described<'a> {
    name: &'a str,
    levels: &'a BTreeMap<String, String>,
    /// How it came about.
    pub(super) methods: &'a ModelMethods,
    /// What its training was, where there is a record.
    pub(super) record: Option<&'a TrainingRecord>,
}

/// The trainings that have methods, in the order of the design.
pub(super) fn described<'a>(study: &Study<'a>) -> Vec<Described<'a>> {
    let described = |(model, training): (&'a ModelResult, &'a TrainingResult)| {
        let methods = study.params.methods.get(&training.name)?;
        let record = study.records.get(&training.name);
        Some(Described { name: &training.name, levels: &model.levels, methods, record })
    };
    study.trainings().filter_map(described).collect()
}

/// A fact of all models in words: once where all share it, else each value with the levels that it goes with, by the smallest
/// set of factors that decides it (`0.01 (untrained) and 0.001 (pretrained)`).
pub(super) fn varying(study: &Study, models: &[Described], fact: impl Fn(&Described) -> String) -> String {
    let values: Vec<String> = models.iter().map(fact).collect();
    let deciding = subsets(study.results.factors.len()).find_map(|factors| {
        let groups: Vec<String> = models.iter().map(|model| group(study, model, &factors)).collect();
        decides(&groups, &values).then_some(groups)
    });
    let groups = deciding.unwrap_or_else(|| models.iter().map(|model| model.name.to_owned()).collect());
    let told: Vec<String> = distinct(&values).into_iter().map(|value| told(value, &values, &groups)).collect();
    list(&told)
}

fn told(value: &str, values: &[String], groups: &[String]) -> String {
    let with_value: Vec<String> = values.iter().zip(groups).filter(|pair| pair.0 == value).map(|pair| pair.1.clone()).collect();
    match distinct(&with_value)[..] {
        [""] => value.to_owned(),
        [level] if value.starts_with(level) => value.to_owned(),
        ref levels => format!("{value} ({})", levels.join("; ")),
    }
}

/// The levels of these factors as one name, empty for no factors.
fn group(study: &Study, model: &Described, factors: &[usize]) -> String {
    let level = |factor: &usize| model.levels.get(&study.results.factors[*factor].name).cloned();
    factors.iter().filter_map(level).collect::<Vec<_>>().join(", ")
}

/// Whether models of one group all have one value.
fn decides(groups: &[String], values: &[String]) -> bool {
    let pairs = || groups.iter().zip(values);
    pairs().all(|(group, value)| pairs().all(|(other, its)| group != other || value == its))
}

/// Sets of factors by size, the empty set first. Designs of more than a dozen factors are told model by model.
fn subsets(factors: usize) -> impl Iterator<Item = Vec<usize>> {
    let all = if factors > 12 { 0..1u32 } else { 0..1 << factors };
    let mut masks: Vec<u32> = all.collect();
    masks.sort_by_key(|mask| mask.count_ones());
    masks.into_iter().map(move |mask| (0..factors).filter(|factor| mask >> factor & 1 == 1).collect())
}

fn distinct(texts: &[String]) -> Vec<&str> {
    texts.iter().fold(Vec::new(), |mut seen, text| {
        if !seen.contains(&text.as_str()) {
            seen.push(text);
        }
        seen
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        let items = ["a", "b", "c"].map(String::from);
        assert_eq!([list(&items), list(&items[..2]), list(&items[..1]), list(&[])], ["a, b and c", "a and b", "a", ""]);
    }

    #[test]
    fn small_sets_of_factors_come_first() {
        let sets: Vec<_> = subsets(2).collect();
        assert_eq!(sets, [vec![], vec![0], vec![1], vec![0, 1]]);
    }
}
