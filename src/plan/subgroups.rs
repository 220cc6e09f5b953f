//! From the facts of the test exams to the groups that are looked at on their own.

use std::collections::BTreeMap;

use super::{Exam, Part};
use crate::spec::{Experiment, Subgroup};
use crate::stage::compare::{self, Group};

/// Every subgroup of the spec; what is no number and should be one is a fault.
pub(super) fn all(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) -> Vec<compare::Subgroup> {
    let test: Vec<&Exam> = exams.iter().filter(|exam| exam.part == Part::Test).collect();
    let one = |subgroup: &Subgroup| compare::Subgroup { by: subgroup.by.clone(), groups: groups(subgroup, &test, faults) };
    experiment.subgroups.iter().map(one).collect()
}

/// Exams of which the fact is not known are in no group.
fn groups(subgroup: &Subgroup, test: &[&Exam], faults: &mut Vec<String>) -> Vec<Group> {
    let known = test.iter().filter_map(|exam| Some((*exam, exam.facts.get(&subgroup.by).filter(|value| !value.is_empty())?)));
    match subgroup.cuts.as_slice() {
        [] => by_value(known),
        cuts => by_range(&subgroup.by, cuts, known, faults),
    }
}

fn by_value<'a>(known: impl Iterator<Item = (&'a Exam, &'a String)>) -> Vec<Group> {
    let mut groups: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    known.for_each(|(exam, value)| groups.entry(value).or_default().push(exam.id.clone()));
    groups.into_iter().map(|(value, exams)| Group { name: value.clone(), exams }).collect()
}

fn by_range<'a>(
    by: &str,
    cuts: &[f64],
    known: impl Iterator<Item = (&'a Exam, &'a String)>,
    faults: &mut Vec<String>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = names(cuts).into_iter().map(|name| Group { name, exams: vec![] }).collect();
    for (exam, value) in known {
        match value.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => groups[cuts.partition_point(|cut| *cut <= number)].exams.push(exam.id.clone()),
            None => {
                let exam = exam.person.exam();
                faults.push(format!("exam `{exam}`: `{by}` is `{value}`, which no `cuts` can divide: it is no number"))
            }
        }
    }
    groups
}

/// A limit belongs to the group above it.
fn names(cuts: &[f64]) -> Vec<String> {
    let below = cuts.first().map(|cut| format!("below {cut}"));
    let between = cuts.windows(2).map(|pair| format!("{} to below {}", pair[0], pair[1]));
    let above = cuts.last().map(|cut| format!("{cut} and above"));
    below.into_iter().chain(between).chain(above).collect()
}
