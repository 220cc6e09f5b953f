//! Scores of the test exams in a table that another program wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Which columns of a table hold what a reader said; the exam is in the column `exam`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// Of the scores; higher is more suspicious.
    pub score: String,
    /// Of the classes named, where there is one.
    pub class: Option<String>,
}

/// What a table says of each test exam, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The scores.
    pub scores: Vec<f64>,
    /// The classes named, where there is a column of them.
    pub named: Option<Vec<String>>,
}

/// What a table says of one exam.
struct Row {
    score: f64,
    class: Option<String>,
}

impl Scored {
    /// Reads the table at `path`. Every exam of `test` must have a row; where the whole cohort is `known`, other exams are faults.
    ///
    /// # Errors
    /// Every fault of the table, with its line.
    pub fn read(
        path: &Path,
        columns: &Columns,
        classes: &[String],
        test: &[&str],
        known: Option<&BTreeSet<&str>>,
    ) -> Result<Self, Vec<String>> {
        let mut faults = vec![];
        let whole = |error: csv::Error| vec![format!("{}: {error}", path.display())];
        let rows = rows(path, columns, classes, known, &mut faults).map_err(whole)?;
        let missing: Vec<&str> = test.iter().copied().filter(|id| !rows.contains_key(*id)).collect();
        if !missing.is_empty() {
            faults.push(format!("{}: no row for test exam {}", path.display(), listed(&missing)));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let in_order = || test.iter().filter_map(|exam| rows.get(*exam)?.as_ref());
        Ok(Self { scores: in_order().map(|row| row.score).collect(), named: in_order().map(|row| row.class.clone()).collect() })
    }
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
    path: &Path,
    columns: &Columns,
    classes: &[String],
    known: Option<&BTreeSet<&str>>,
    faults: &mut Vec<String>,
) -> Result<BTreeMap<String, Option<Row>>, csv::Error> {
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?;
    let places = Places::of(table.headers()?, columns);
    faults.extend(places.missing(columns).map(|column| format!("{}: there is no column `{column}`", path.display())));
    let mut rows = BTreeMap::new();
    for (index, record) in table.records().enumerate() {
        let (place, record) = (place(path, index), record?);
        let exam = places.exam.and_then(|column| record.get(column)).unwrap_or_default().to_owned();
        if known.is_some_and(|known| !known.contains(exam.as_str())) {
            faults.push(format!("{place}: exam `{exam}` is not in the cohort"));
        }
        let row = places.row(&record, columns, classes).map_err(|fault| faults.push(format!("{place}: {fault}"))).ok();
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
struct Places {
    exam: Option<usize>,
    score: Option<usize>,
    class: Option<usize>,
}

impl Places {
    fn of(header: &csv::StringRecord, columns: &Columns) -> Self {
        let at = |name: &str| header.iter().position(|column| column == name);
        Self { exam: at("exam"), score: at(&columns.score), class: columns.class.as_deref().and_then(at) }
    }

    /// Columns that are named and not there.
    fn missing<'c>(&self, columns: &'c Columns) -> impl Iterator<Item = &'c str> {
        let exam = self.exam.is_none().then_some("exam");
        let score = self.score.is_none().then_some(columns.score.as_str());
        let class = columns.class.as_deref().filter(|_| self.class.is_none());
        [exam, score, class].into_iter().flatten()
    }

    fn row(&self, record: &csv::StringRecord, columns: &Columns, classes: &[String]) -> Result<Row, String> {
        let text = self.score.and_then(|column| record.get(column)).unwrap_or_default();
        let score = text.parse::<f64>().ok().filter(|score| score.is_finite());
        let score = score.ok_or_else(|| format!("`{}` is `{text}`, not a number", columns.score))?;
        let class = self.class.and_then(|column| record.get(column)).map(str::to_owned);
        match class.as_ref().filter(|class| !classes.contains(class)) {
            Some(unknown) => Err(format!("unknown class `{unknown}`; the spec has: {}", classes.join(", "))),
            None => Ok(Row { score, class }),
        }
    }
}
