//! The label table of a cohort: a row an exam, what tells it from others, its class, and what else the author knows.
//!
//! Every fault of the table is told with its row. A row names its exam by any of `exam` (whatever the exam answers to), `study`,
//! `accession`, `series` and, where there is none of those, `patient`; several narrow each other down.

use std::collections::BTreeMap;
use std::path::Path;

use super::Part;
use crate::spec::Slices;

/// Columns that mean something here; all others are facts of the exam.
pub(super) const COLUMNS: [&str; 10] =
    ["exam", "study", "accession", "series", "patient", "class", "part", "fold", "slices", "z"];

/// One row.
pub(super) struct Label {
    /// `labels.csv:7`, for messages.
    pub(super) place: String,
    /// What the exam may be called: folder, UID, accession number or patient's id.
    pub(super) exam: Option<String>,
    pub(super) study: Option<String>,
    pub(super) accession: Option<String>,
    /// The series that is taken, by UID or description.
    pub(super) series: Option<String>,
    pub(super) patient: Option<String>,
    pub(super) class: String,
    pub(super) part: Option<Part>,
    /// From 1.
    pub(super) fold: Option<usize>,
    pub(super) slices: Option<Slices>,
    /// All columns by name.
    pub(super) facts: BTreeMap<String, String>,
}

impl Label {
    /// What the exam is called in tables.
    pub(super) fn id(&self) -> &str {
        let names = [&self.exam, &self.accession, &self.study, &self.patient, &self.series];
        names.into_iter().find_map(Option::as_deref).unwrap_or_default()
    }
}

/// Reads the table; a row that cannot be understood is left out and told.
pub(super) fn read(path: &Path, classes: &[String], faults: &mut Vec<String>) -> Vec<Label> {
    let records = match records(path) {
        Ok(records) => records,
        Err(error) => {
            faults.push(format!("{}: {error}", path.display()));
            return vec![];
        }
    };
    let mut labels = vec![];
    for (row, facts) in records.into_iter().enumerate() {
        // A header line precedes the first row.
        let place = format!("{}:{}", path.display(), row + 2);
        let mut found = vec![];
        labels.extend(label(place.clone(), facts, classes, &mut found));
        faults.extend(found.into_iter().map(|fault| format!("{place}: {fault}")));
    }
    labels
}

type Facts = BTreeMap<String, String>;

fn records(path: &Path) -> Result<Vec<Facts>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|error| error.to_string())?;
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let has = |names: &[&str]| header.iter().any(|column| names.contains(&column));
    if !has(&["class"]) {
        return Err("there is no column `class`".to_owned());
    }
    if !has(&["exam", "study", "accession", "series", "patient"]) {
        return Err("no column tells which exam is meant; `exam`, `study`, `accession`, `series` or `patient` does".to_owned());
    }
    let row = |record: csv::Result<csv::StringRecord>| {
        Ok(header.iter().map(str::to_owned).zip(record?.iter().map(str::to_owned)).collect())
    };
    reader.records().map(row).collect::<csv::Result<_>>().map_err(|error| error.to_string())
}

fn label(place: String, facts: Facts, classes: &[String], faults: &mut Vec<String>) -> Option<Label> {
    let cell = |name: &str| facts.get(name).filter(|value| !value.is_empty()).cloned();
    let class = cell("class").unwrap_or_default();
    if !classes.contains(&class) {
        faults.push(match class.as_str() {
            "" => "there is no class; leave the row out, or say which it is".to_owned(),
            _ => format!("unknown class `{class}`; the spec has: {}", classes.join(", ")),
        });
    }
    let label = Label {
        place,
        exam: cell("exam"),
        study: cell("study"),
        accession: cell("accession"),
        series: cell("series"),
        patient: cell("patient"),
        class,
        part: cell("part").and_then(|name| noted(part(&name), faults)),
        fold: cell("fold").and_then(|text| noted(fold(&text), faults)),
        slices: noted(slices(cell("slices").as_deref(), cell("z").as_deref()), faults).flatten(),
        facts,
    };
    if label.id().is_empty() {
        faults.push("the row names no exam".to_owned());
        return None;
    }
    Some(label)
}

fn noted<T>(read: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

fn part(name: &str) -> Result<Part, String> {
    Part::named(name).ok_or_else(|| format!("unknown part `{name}`; expected train, tune or test"))
}

fn fold(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|fold| *fold > 0).ok_or_else(|| format!("fold `{text}` is no number from 1"))
}

/// `slices` lists slices from 1, the lowest: `12`, `10-14`, `3 5 9`, or `all`. `z` is a range along the slices' normal in mm: `-20..40`.
fn slices(listed: Option<&str>, z: Option<&str>) -> Result<Option<Slices>, String> {
    match (listed, z) {
        (None, None) => Ok(None),
        (Some("all"), None) => Ok(Some(Slices::All)),
        (Some(text), None) => numbers(text)
            .map(|numbers| Some(Slices::Listed(numbers)))
            .ok_or_else(|| format!("slices `{text}` are no numbers from 1 such as `12`, `10-14` or `3 5 9`")),
        (None, Some(text)) => range(text)
            .map(|(from, to)| Some(Slices::Millimetres { from, to }))
            .ok_or_else(|| format!("z `{text}` is no range in mm such as `-20..40`")),
        (Some(_), Some(_)) => Err("both `slices` and `z` say which slices are meant; leave one empty".to_owned()),
    }
}

fn numbers(text: &str) -> Option<Vec<usize>> {
    /// No stack has more slices; what is wider is a slip.
    const MOST: usize = 100_000;
    let mut slices = vec![];
    for part in text.split([' ', ';', ',']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first == 0 || first > last || last > MOST {
            return None;
        }
        slices.extend(first - 1..last);
    }
    slices.sort_unstable();
    slices.dedup();
    (!slices.is_empty()).then_some(slices)
}

fn range(text: &str) -> Option<(f64, f64)> {
    let (from, to) = text.split_once("..")?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (from, to) = (number(from)?, number(to)?);
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_numbered_from_one_and_ranges_hold_both_ends() {
        let listed = |text| slices(Some(text), None).expect("slices");
        assert_eq!(listed("12"), Some(Slices::Listed(vec![11])));
        assert_eq!(listed("10-12 3;3"), Some(Slices::Listed(vec![2, 9, 10, 11])));
        assert_eq!(listed("all"), Some(Slices::All));
        assert_eq!(slices(None, Some("-20 .. 40.5")), Ok(Some(Slices::Millimetres { from: -20.0, to: 40.5 })));
        for (slice, z) in
            [(Some("0"), None), (Some("4-2"), None), (Some("-"), None), (None, Some("3..3")), (Some("1"), Some("1..2"))]
        {
            assert!(slices(slice, z).is_err(), "{slice:?} {z:?}");
        }
    }
}
