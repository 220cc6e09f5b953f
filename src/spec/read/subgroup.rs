//! `[[subgroup]]`: parts of the test exams to look at on their own.

use super::super::experiment::{Cohort, Source, Subgroup};
use super::super::section::{Item, Section, suggestion};
use super::columns;
use crate::phantom;

/// Columns of the label table that are no facts about a patient.
const NO_FACTS: [&str; 10] = ["exam", "study", "accession", "series", "patient", "class", "part", "fold", "slices", "z"];

pub(super) fn read(item: Option<&Item<'_>>, cohort: Option<&Cohort>) -> Option<Vec<Subgroup>> {
    let Some(item) = item else { return Some(Vec::new()) };
    item.list(|part| part.table(|s| one(s, cohort)))
}

fn one(s: &mut Section<'_>, cohort: Option<&Cohort>) -> Option<Subgroup> {
    let by = s.required("by", |item| fact(&item, cohort));
    let cuts = s.optional("cuts", Vec::new(), |item| cuts(&item));
    Some(Subgroup { by: by?, cuts: cuts? })
}

/// The name of something that is known of the exams.
pub(super) fn fact(item: &Item<'_>, cohort: Option<&Cohort>) -> Option<String> {
    let name = item.string()?;
    let known = match &cohort?.source {
        Source::Phantom(_) => phantom::FACTS.map(String::from).to_vec(),
        Source::Folder(folder) => columns::of(item, &folder.labels)?,
    };
    let known: Vec<&str> = known.iter().map(String::as_str).filter(|name| !NO_FACTS.contains(name)).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("nothing is known as `{}` of the exams", name.escape_debug()), suggestion(name, &known))
}

fn cuts(item: &Item<'_>) -> Option<Vec<f64>> {
    let cuts = item.list(|part| part.number("a number", |_| true))?;
    match cuts.is_sorted_by(|a, b| a < b) {
        true => Some(cuts),
        false => item.fault(format!("`{}` does not ascend", item.path), "write each limit once, the smallest first"),
    }
}
