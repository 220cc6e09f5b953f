//! Numbers of two sides beside each other: areas of models from the comparison, cells of tables from the report.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::side::Side;
use crate::artifact::results::{ModelResult, Results};
use crate::stage::compare;
use crate::store::{Artifact, Store};

/// One model's area under the ROC curve on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// The model, or the reader.
    pub model: String,
    /// On the first side.
    pub a: Area,
    /// On the second.
    pub b: Area,
}

/// An area with the interval to believe, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Area {
    /// The area.
    pub auc: f64,
    /// Limits of the interval.
    pub interval: Option<[f64; 2]>,
}

/// A table of the report in which cells differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableChange {
    /// Its file (`tables/table1.csv`).
    pub table: String,
    /// The cells.
    pub cells: Vec<CellChange>,
}

/// A cell that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellChange {
    /// What the row is about: its first cells, up to the first number.
    pub row: String,
    /// Name of the column.
    pub column: String,
    /// On the first side; `None` where there is no such row or column.
    pub a: Option<String>,
    /// On the second.
    pub b: Option<String>,
}

/// Areas of the models that both sides have, in the order of the second.
pub(super) fn measures(a: &Side, b: &Side, store: &Store) -> Result<Vec<Measure>> {
    let (Some(a), Some(b)) = (results(a, store)?, results(b, store)?) else { return Ok(vec![]) };
    let both =
        |model: &ModelResult| Some(Measure { model: model.name.clone(), a: area(a.model(&model.name)?), b: area(model) });
    Ok(b.models.iter().chain(&b.readers).filter_map(both).collect())
}

fn results(side: &Side, store: &Store) -> Result<Option<Results>> {
    let Some(artifact) = side.artifact(compare::KIND.name, "results").filter(|artifact| is_there(artifact, store)) else {
        return Ok(None);
    };
    Results::open(&store.files(artifact)).map(Some)
}

/// What was collected since leaves nothing to compare, and that is no fault.
fn is_there(artifact: &Artifact, store: &Store) -> bool {
    artifact.0.values().all(|blob| store.blob(blob.digest).is_file())
}

fn area(model: &ModelResult) -> Area {
    Area { auc: model.auc, interval: model.sound.defined().map(|sound| sound.limits) }
}

/// Cells of the report's tables that differ; none where a side has no report yet.
pub(super) fn tables(a: &Side, b: &Side, store: &Store) -> Result<Vec<TableChange>> {
    let (a, b) = (report(a, store), report(b, store));
    if a.is_empty() || b.is_empty() {
        return Ok(vec![]);
    }
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = vec![];
    for name in names.into_iter().filter(|name| a.get(*name) != b.get(*name)) {
        let read = |side: &BTreeMap<String, std::path::PathBuf>| side.get(name).map(|path| Cells::read(path)).transpose();
        let cells = changed(&read(&a)?.unwrap_or_default(), &read(&b)?.unwrap_or_default());
        changes.push(TableChange { table: name.clone(), cells });
    }
    changes.retain(|change| !change.cells.is_empty());
    Ok(changes)
}

fn report(side: &Side, store: &Store) -> BTreeMap<String, std::path::PathBuf> {
    let Some(artifact) = side.artifact("report", "report") else { return BTreeMap::new() };
    let is_table = |name: &str| name.starts_with("tables/") && name.ends_with(".csv");
    let tables = artifact.0.iter().filter(|(name, _)| is_table(name));
    tables.map(|(name, blob)| (name.clone(), store.blob(blob.digest))).filter(|(_, path)| path.is_file()).collect()
}

/// A table by row and column; rows and columns in the order of the file.
#[derive(Debug, Default)]
struct Cells(Vec<((String, String), String)>);

impl Cells {
    fn read(path: &Path) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
        let (columns, mut seen, mut cells) = (reader.headers()?.clone(), BTreeMap::<String, usize>::new(), vec![]);
        for record in reader.records() {
            let record = record?;
            let row = named(&record.iter().take_while(|cell| cell.parse::<f64>().is_err()).collect::<Vec<_>>(), &mut seen);
            cells.extend(columns.iter().zip(&record).map(|(column, cell)| ((row.clone(), column.to_owned()), cell.to_owned())));
        }
        Ok(Self(cells))
    }
}

/// The row's name; one that was there before gets a number.
fn named(first: &[&str], seen: &mut BTreeMap<String, usize>) -> String {
    let name = first.iter().filter(|cell| !cell.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let count = seen.entry(name.clone()).or_default();
    *count += 1;
    if *count > 1 { format!("{name} ({count})") } else { name }
}

fn changed(a: &Cells, b: &Cells) -> Vec<CellChange> {
    let (in_a, in_b): (BTreeMap<_, _>, BTreeMap<_, _>) = (a.0.iter().cloned().collect(), b.0.iter().cloned().collect());
    let gone = a.0.iter().filter(|(place, _)| !in_b.contains_key(place));
    let places = b.0.iter().chain(gone).map(|(place, _)| place).filter(|place| in_a.get(place) != in_b.get(place));
    let change = |place: &(String, String)| CellChange {
        row: place.0.clone(),
        column: place.1.clone(),
        a: in_a.get(place).cloned(),
        b: in_b.get(place).cloned(),
    };
    places.map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_compared_by_row_and_column_and_not_by_place() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let table = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text)?;
            Cells::read(&path)
        };
        let a = table("a.csv", "model,auc,p\nx,0.5,1\ny,0.6,1\n")?;
        let b = table("b.csv", "model,p,auc\ny,1,0.7\nx,1,0.5\nz,1,0.8\n")?;
        let told: Vec<_> = changed(&a, &b).into_iter().map(|cell| (cell.row, cell.column, cell.a, cell.b)).collect();
        let cell = |row: &str, column: &str, a: Option<&str>, b: &str| {
            (row.to_owned(), column.to_owned(), a.map(str::to_owned), Some(b.to_owned()))
        };
        let new = [cell("z", "model", None, "z"), cell("z", "p", None, "1"), cell("z", "auc", None, "0.8")];
        assert_eq!(told, [&[cell("y", "auc", Some("0.6"), "0.7")][..], &new].concat());
        Ok(())
    }
}
