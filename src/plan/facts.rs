//! Which facts of an exam may be kept: those that the author asks for, and those that tell a group of patients, not one.
//!
//! A label table has columns that nobody meant for a report: names, numbers of cases, dates, remarks. Whatever could be one of them stays
//! behind (compare PS3.15 E.1, and 45 CFR 164.514(b)(2), which names dates and any number that is one's own).

use std::collections::{BTreeMap, BTreeSet};

use super::{Exam, ExamSource};
use crate::labels::COLUMNS;
use crate::spec::Experiment;

/// Whole numbers of more digits are somebody's: an age, a volume or a score has fewer.
const MOST_DIGITS: usize = 4;

/// The facts of each exam that may be kept, in the order of the exams.
pub(super) fn kept(experiment: &Experiment, exams: &[Exam]) -> Vec<BTreeMap<String, String>> {
    let asked: BTreeSet<&String> =
        experiment.subgroups.iter().map(|subgroup| &subgroup.by).chain(&experiment.split.balance).collect();
    let columns: BTreeSet<&String> = exams.iter().flat_map(|exam| exam.facts.keys()).collect();
    let open = |column: &&String| {
        let values = || exams.iter().filter_map(|exam| exam.facts.get(*column)).map(String::as_str);
        asked.contains(*column) || exams.iter().all(is_phantom) || tells_groups(values())
    };
    let meant = |column: &&String| !COLUMNS.contains(&column.as_str());
    let columns: BTreeSet<&String> = columns.into_iter().filter(meant).filter(open).collect();
    let of = |exam: &Exam| {
        exam.facts
            .iter()
            .filter(|(name, _)| columns.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    exams.iter().map(of).collect()
}

fn is_phantom(exam: &Exam) -> bool {
    matches!(exam.source, ExamSource::Phantom(_))
}

/// Whether a column is of short numbers, or of words that exams share.
fn tells_groups<'v>(values: impl Iterator<Item = &'v str>) -> bool {
    let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    if values.iter().all(|value| value.parse::<f64>().is_ok()) {
        return values.iter().all(|value| is_short(value));
    }
    let distinct: BTreeSet<&str> = values.iter().copied().collect();
    2 * distinct.len() <= values.len() && !distinct.iter().any(|value| is_date(value))
}

fn is_short(number: &str) -> bool {
    let whole = number.trim_start_matches(['-', '+']).split('.').next().unwrap_or_default();
    whole.trim_start_matches('0').len() <= MOST_DIGITS && whole.bytes().all(|digit| digit.is_ascii_digit())
}

/// Three numbers with something between, or digits alone as in DICOM's DA.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '/', '.', ' ', 'T']).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    parts.len() >= 3 && parts[..3].iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_names_numbers_and_dates_stay_behind() {
        let tells = |values: &[&str]| tells_groups(values.iter().copied());
        for groups in
            [&["61", "70.5", "", "1950"][..], &["F", "M", "F", "F"], &["A", "A", "B", "B"], &["0", "1"], &["-3.25", "12"]]
        {
            assert!(tells(groups), "{groups:?}");
        }
        for persons in [
            &["Doe", "Roe", "Poe"][..],
            &["48210391", "48210392"],
            &["2026-11-28", "2026-11-28"],
            &["28.11.2026", "28.11.2026"],
            &["20261128", "20261128"],
            &["1e9", "2"],
        ] {
            assert!(!tells(persons), "{persons:?}");
        }
    }
}
