//! Scores of the test exams that come from a table: a radiologist's, another product's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Exam, Part};
use crate::spec::{Experiment, Reader};
use crate::stage::compare;

/// Every reader of the spec, its scores in the order of the test exams; every fault of every table.
pub(super) fn all(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) -> Vec<compare::Reader> {
    let one = |reader: &Reader| match read(reader, &experiment.cohort.classes, exams) {
        Ok(reader) => Some(reader),
        Err(found) => {
            faults.extend(found);
            None
        }
    };
    experiment.readers.iter().filter_map(one).collect()
}

/// What a table says of one exam.
struct Row {
    score: f64,
    class: Option<String>,
}

fn read(reader: &Reader, classes: &[String], exams: &[Exam]) -> Result<compare::Reader, Vec<String>> {
    let mut faults = vec![];
    let whole = |error: csv::Error| vec![format!("{}: {error}", reader.file.display())];
    let rows = rows(reader, classes, exams, &mut faults).map_err(whole)?;
    let test: Vec<&Exam> = exams.iter().filter(|exam| exam.part == Part::Test).collect();
    let missing: Vec<&str> = test.iter().map(|exam| exam.id.as_str()).filter(|id| !rows.contains_key(*id)).collect();
    if !missing.is_empty() {
        faults.push(format!("{}: no row for test exam {}", reader.file.display(), listed(&missing)));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let in_order = || test.iter().filter_map(|exam| rows.get(&exam.id)?.as_ref());
    let scores: Vec<f64> = in_order().map(|row| row.score).collect();
    let is_binary = scores.iter().all(|score| [0.0, 1.0].contains(score));
    Ok(compare::Reader {
        name: reader.name.clone(),
        threshold: reader.threshold.or(is_binary.then_some(1.0)),
        scores,
        named: in_order().map(|row| row.class.clone()).collect(),
        against: reader.against.clone(),
    })
}

/// More than this many names hide what is the matter.
const FEW: usize = 5;

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(FEW).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(FEW);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Rows by exam; a faulty one is there and empty. Development exams may be in the table; nobody looks at them.
fn rows(
    reader: &Reader,
    classes: &[String],
    exams: &[Exam],
    faults: &mut Vec<String>,
) -> Result<BTreeMap<String, Option<Row>>, csv::Error> {
    let known: BTreeSet<&str> = exams.iter().map(|exam| exam.id.as_str()).collect();
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(&reader.file)?;
    let columns = Columns::of(table.headers()?, reader);
    let mut rows = BTreeMap::new();
    for (index, record) in table.records().enumerate() {
        let (place, record) = (place(&reader.file, index), record?);
        let exam = columns.exam.and_then(|column| record.get(column)).unwrap_or_default().to_owned();
        if !known.contains(exam.as_str()) {
            faults.push(format!("{place}: exam `{exam}` is not in the cohort"));
        }
        let row = columns.row(&record, reader, classes).map_err(|fault| faults.push(format!("{place}: {fault}"))).ok();
        if rows.insert(exam.clone(), row).is_some() {
            faults.push(format!("{place}: exam `{exam}` is there twice"));
        }
    }
    Ok(rows)
}

fn place(file: &Path, index: usize) -> String {
    format!("{}:{}", file.display(), index + 2)
}

/// Where in a row to look.
struct Columns {
    exam: Option<usize>,
    score: Option<usize>,
    class: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord, reader: &Reader) -> Self {
        let at = |name: &str| header.iter().position(|column| column == name);
        Self { exam: at("exam"), score: at(&reader.column), class: reader.class.as_deref().and_then(at) }
    }

    fn row(&self, record: &csv::StringRecord, reader: &Reader, classes: &[String]) -> Result<Row, String> {
        let text = self.score.and_then(|column| record.get(column)).unwrap_or_default();
        let score = text.parse::<f64>().ok().filter(|score| score.is_finite());
        let score = score.ok_or_else(|| format!("`{}` is `{text}`, not a number", reader.column))?;
        let class = self.class.and_then(|column| record.get(column)).map(str::to_owned);
        match class.as_ref().filter(|class| !classes.contains(class)) {
            Some(unknown) => Err(format!("unknown class `{unknown}`; the spec has: {}", classes.join(", "))),
            None => Ok(Row { score, class }),
        }
    }
}
