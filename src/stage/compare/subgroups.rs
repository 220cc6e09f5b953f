//! The models on part of the test exams.
//!
//! A fact that positive and negative exams both can have (a scanner, an age) makes areas within the group: its positive against
//! its negative exams. A fact that only one side can have (the size of a lesion) says nothing of the other side, so the group is set
//! against all of it (Pepe 2003, The Statistical Evaluation of Medical Tests, section 6: covariates of both sides, and those of cases
//! alone).

use std::collections::BTreeSet;

use super::rater::Rater;
use super::{Group, Params, Subgroup, area};
use crate::artifact::results::{Against, Area, Estimate, GroupResult, SubgroupResult};
use crate::stats::Level;

/// Every group of a fact.
pub(super) fn subgroup(params: &Params, subgroup: &Subgroup, models: &[Rater], level: Level) -> SubgroupResult {
    let groups = subgroup.groups.iter().map(|group| one(params, group, models, level));
    SubgroupResult { by: subgroup.by.clone(), groups: groups.collect() }
}

fn one(params: &Params, group: &Group, models: &[Rater], level: Level) -> GroupResult {
    let members: BTreeSet<&String> = group.exams.iter().collect();
    let (positive, negative): (Vec<usize>, Vec<usize>) =
        (0..params.exams.len()).partition(|&exam| params.is_positive(&params.exams[exam]));
    let of_group = |side: &[usize]| -> Vec<usize> {
        side.iter().copied().filter(|&exam| members.contains(&params.exams[exam].id)).collect()
    };
    let (against, positive, negative) = match (of_group(&positive), of_group(&negative)) {
        (some, none) if none.is_empty() && !some.is_empty() => (Against::AllNegative, some, negative),
        (none, some) if none.is_empty() && !some.is_empty() => (Against::AllPositive, positive, some),
        (both, sides) => (Against::Within, both, sides),
    };
    GroupResult {
        name: group.name.clone(),
        against,
        n_positive: positive.len(),
        n_negative: negative.len(),
        areas: models.iter().map(|model| among(model, &positive, &negative, level)).collect(),
    }
}

fn among(model: &Rater, positive: &[usize], negative: &[usize], level: Level) -> Estimate<Area> {
    let exams = || positive.iter().chain(negative);
    let values: Vec<f64> = exams().map(|&exam| model.values[exam]).collect();
    let is_case = (0..values.len()).map(|position| position < positive.len()).collect();
    area::area(is_case, &values, level)
}
