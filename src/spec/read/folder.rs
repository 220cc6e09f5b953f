//! A folder of exams with its label table: the source of a cohort, and of each external one.

use std::path::PathBuf;

use super::super::experiment::{External, Folder, PatientIds, Unlabelled};
use super::super::section::{Item, Section};
use super::super::tree::Value;
use crate::labels::Slices;
use crate::stage::Format;

/// What the files may be.
pub(super) const FORMATS: [(&str, Format); 3] = [("dicom", Format::Dicom), ("nifti", Format::Nifti), ("png", Format::Png)];

/// The keys of a folder before it is known whether they are needed.
pub(super) struct Written<'a> {
    root: Option<Item<'a>>,
    labels: Option<Item<'a>>,
    slices: Option<Item<'a>>,
    unlabelled: Option<Item<'a>>,
    patient_ids: Option<Item<'a>>,
}

impl<'a> Written<'a> {
    pub(super) fn of(s: &mut Section<'a>) -> Self {
        Self {
            root: s.get("root"),
            labels: s.get("labels"),
            slices: s.get("slices"),
            unlabelled: s.get("unlabelled"),
            patient_ids: s.get("patient_ids"),
        }
    }

    pub(super) fn read(self, s: &Section<'_>, format: Format) -> Option<Folder> {
        let missing = |key, what| {
            s.fault(format!("missing `{}`", s.key(key)), format!("with `source = \"{}\"` it names {what}", format.name()))
        };
        let root = match self.root {
            Some(item) => existing(&item, "folder", |path| path.is_dir()),
            None => missing("root", "the folder of the exams"),
        };
        let labels = match self.labels {
            Some(item) => existing(&item, "file", |path| path.is_file()),
            None => missing("labels", "the CSV file of their classes (`exam,class`)"),
        };
        let slices = self.slices.map_or(Some(Slices::All), |item| slices(&item));
        let unlabelled = self.unlabelled.map_or(Some(Unlabelled::Refuse), |item| {
            item.one_of(&[("refuse", Unlabelled::Refuse), ("skip", Unlabelled::Skip)])
        });
        let patient_ids = self
            .patient_ids
            .map_or(Some(PatientIds::Files), |item| item.one_of(&[("files", PatientIds::Files), ("table", PatientIds::Table)]));
        Some(Folder {
            format,
            root: root?,
            labels: labels?,
            slices: slices?,
            unlabelled: unlabelled?,
            patient_ids: patient_ids?,
        })
    }
}

/// `[[cohort.external]]`.
pub(super) fn external(item: &Item<'_>) -> Option<Vec<External>> {
    let cohorts = item.list(|part| part.table(one))?;
    for (at, part) in item.items().unwrap_or_default().iter().enumerate() {
        if cohorts[..at].iter().any(|other| other.name == cohorts[at].name) {
            return part
                .fault(format!("two external cohorts are called `{}`", cohorts[at].name), "give each a name of its own");
        }
    }
    Some(cohorts)
}

fn one(s: &mut Section<'_>) -> Option<External> {
    let name = s.required("name", |item| item.word().map(str::to_owned));
    let written = Written::of(s);
    let format = s.optional("source", Format::Dicom, |item| item.one_of(&FORMATS))?;
    let folder = written.read(s, format);
    Some(External { name: name?, folder: folder? })
}

/// A path at which there is what is expected.
fn existing(item: &Item<'_>, what: &str, is_there: impl Fn(&PathBuf) -> bool) -> Option<PathBuf> {
    let path = item.path()?;
    if is_there(&path) {
        return Some(path);
    }
    let hint = "relative paths start at the file that names them";
    item.fault(format!("there is no {what} {}", path.display()), hint)
}

/// `"all"`, `{ from = 0.3, to = 0.6 }`, `{ z = [-20, 40] }` or `[3, 4, 5]`.
fn slices(item: &Item<'_>) -> Option<Slices> {
    match &item.node.value {
        Value::String(text) if text == "all" => Some(Slices::All),
        Value::Array(_) => item.list(|number| Some(number.count(1, 100_000)? - 1)).map(Slices::Listed),
        Value::Table(_) => item.table(|s| part(s, item)),
        _ => item.expected("`\"all\"`, a part like `{ from = 0.3, to = 0.6 }` or numbers like `[3, 4, 5]`"),
    }
}

fn part(s: &mut Section<'_>, item: &Item<'_>) -> Option<Slices> {
    if let Some(z) = s.get("z") {
        return millimetres(&z);
    }
    let position =
        |item: Item<'_>| item.number("a position from 0 (lowest slice) to 1 (highest)", |x| (0.0..=1.0).contains(&x));
    let (from, to) = (s.optional("from", 0.0, position), s.optional("to", 1.0, position));
    let (from, to) = (from?, to?);
    if from < to {
        Some(Slices::Fraction { from, to })
    } else {
        item.fault("`from` is not below `to`", "0 is the lowest slice")
    }
}

/// `z = [-20, 40]`: along the slices' normal.
fn millimetres(item: &Item<'_>) -> Option<Slices> {
    match item.list(|part| part.number("a position in mm", |_| true))?.as_slice() {
        &[from, to] if from < to => Some(Slices::Millimetres { from, to }),
        _ => item.expected("two positions in mm, the lower first"),
    }
}
