//! One row of the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use csv::StringRecord;

use super::cells::{self, Asked, shown};
use super::{NAMES, Part, Slices};

/// What all rows of a table share.
#[derive(Debug)]
pub(super) struct Columns {
    /// Where the table is, for messages.
    pub(super) source: String,
    /// As the table has them.
    pub(super) names: StringRecord,
}

/// One row: an exam and its reference standard. Cells are trimmed, and an empty one says nothing.
#[derive(Debug, Clone)]
pub struct Label {
    columns: Arc<Columns>,
    line: u64,
    cells: StringRecord,
}

impl Label {
    pub(super) fn new(columns: &Arc<Columns>, line: u64, cells: StringRecord) -> Self {
        Self { columns: columns.clone(), line, cells }
    }

    /// `labels.csv:7`, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.columns.source, self.line)
    }

    /// What the exam is called in tables: the first of its names that the row has; empty where it has none.
    pub fn id(&self) -> &str {
        let names = ["exam", "accession", "study", "patient", "series"];
        names.into_iter().find_map(|name| self.cell(name)).unwrap_or_default()
    }

    /// What the exam may be called: folder, UID, accession number or patient's id.
    pub fn exam(&self) -> Option<&str> {
        self.cell("exam")
    }

    /// Study Instance UID.
    pub fn study(&self) -> Option<&str> {
        self.cell("study")
    }

    /// Accession Number.
    pub fn accession(&self) -> Option<&str> {
        self.cell("accession")
    }

    /// The series that is taken, by UID or description.
    pub fn series(&self) -> Option<&str> {
        self.cell("series")
    }

    /// Whose the exam is.
    pub fn patient(&self) -> Option<&str> {
        self.cell("patient")
    }

    /// Whether nothing but the patient tells which exam is meant.
    pub fn names_patient_only(&self) -> bool {
        NAMES.iter().all(|name| *name == "patient" || self.cell(name).is_none())
    }

    /// The reference standard.
    pub fn class(&self) -> &str {
        self.cell("class").unwrap_or_default()
    }

    /// What the author says that the exam is for.
    pub fn part(&self) -> Option<Part> {
        cells::part(self.cell("part")?).ok()
    }

    /// Its fold, from 1.
    pub fn fold(&self) -> Option<usize> {
        cells::fold(self.cell("fold")?).ok()
    }

    /// Which slices are used; written out, so a short cell may become a long list.
    pub fn slices(&self) -> Option<Slices> {
        self.asked().ok().flatten().map(Asked::slices)
    }

    /// All cells by the names of their columns.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let named = self.columns.names.iter().zip(&self.cells).filter(|(name, _)| !name.is_empty());
        named.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    }

    /// What is wrong with the row where these are the classes.
    pub(super) fn faults(&self, classes: &[String]) -> Vec<String> {
        let (found, wanted) = (self.cells.len(), self.columns.names.len());
        if found != wanted {
            let advice = "a cell that holds what stands between cells is put in double quotes";
            return vec![format!("{found} cells where the header has {wanted}; {advice}")];
        }
        let class = (!classes.iter().any(|class| class == self.class())).then(|| unknown(self.class(), classes));
        let part = self.cell("part").and_then(|text| cells::part(text).err());
        let fold = self.cell("fold").and_then(|text| cells::fold(text).err());
        let nameless = self.id().is_empty().then(|| "the row names no exam".to_owned());
        [class, part, fold, self.asked().err(), nameless].into_iter().flatten().collect()
    }

    fn asked(&self) -> Result<Option<Asked>, String> {
        Asked::of(self.cell("slices"), self.cell("z"))
    }

    fn cell(&self, name: &str) -> Option<&str> {
        let at = self.columns.names.iter().position(|column| column == name)?;
        self.cells.get(at).filter(|cell| !cell.is_empty())
    }
}

fn unknown(class: &str, classes: &[String]) -> String {
    match class {
        "" => "there is no class; leave the row out, or say which it is".to_owned(),
        _ => format!("unknown class `{}`; the spec has: {}", shown(class), classes.join(", ")),
    }
}
