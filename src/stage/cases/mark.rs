//! Where lesions and their mimics lie in the slices, of phantoms from their truth, of others from the author's table.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::phantom::{Truth, Visible};

/// What a mark is called where the table does not say.
const LESION: &str = "lesion";

/// A place in one slice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) slice: usize,
    pub(super) what: String,
    /// Of the centre, pixels of the slice from 0.
    pub(super) column: f64,
    pub(super) row: f64,
    extent: Extent,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Extent {
    /// mm².
    Area(f64),
    /// Pixels of the slice.
    Radius(f64),
}

impl Mark {
    /// Radius of a disc of the same area, pixels of the slice, whose sides are `spacing` mm.
    pub(super) fn radius(&self, spacing: f64) -> f64 {
        match self.extent {
            Extent::Area(area) => (area / PI).sqrt() / spacing,
            Extent::Radius(radius) => radius,
        }
    }

    fn size(&self) -> f64 {
        match self.extent {
            Extent::Area(size) | Extent::Radius(size) => size,
        }
    }
}

/// All places that are known, by exam.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, Vec<Mark>>);

/// A row of the author's table: a disc in one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marked {
    /// The exam.
    pub exam: String,
    /// Slice from 1, the lowest.
    pub slice: usize,
    /// Column of the centre, pixels of the slice from 0.
    pub column: f64,
    /// Row of the centre, pixels of the slice from 0.
    pub row: f64,
    /// Radius, pixels of the slice.
    pub radius: f64,
    /// What it is; `None` for a lesion.
    pub mark: Option<String>,
}

impl Marked {
    /// Reads a table (`exam,slice,column,row,radius` and optionally `mark`).
    ///
    /// # Errors
    /// When the table cannot be read, or a slice is 0.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        let place = || format!("cannot read {}", path.display());
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).with_context(place)?;
        let rows = reader.deserialize::<Self>().collect::<csv::Result<Vec<_>>>().with_context(place)?;
        ensure!(rows.iter().all(|row| row.slice > 0), "{}: slices count from 1", path.display());
        Ok(rows)
    }

    fn place(&self) -> Mark {
        let what = self.mark.clone().filter(|mark| !mark.is_empty()).unwrap_or_else(|| LESION.to_owned());
        let (slice, extent) = (self.slice.saturating_sub(1), Extent::Radius(self.radius));
        Mark { slice, what, column: self.column, row: self.row, extent }
    }
}

impl Places {
    pub(super) fn open(marks: &[Marked], inputs: &Inputs<'_>) -> Result<Self> {
        let mut places: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
        for (exam, files) in inputs.truth {
            let path = files.path("truth.json")?;
            let place = || format!("cannot read {}", path.display());
            let truth: Truth = serde_json::from_slice(&std::fs::read(path).with_context(place)?).with_context(place)?;
            places.insert(exam.clone(), of_phantom(&truth));
        }
        for marked in marks {
            places.entry(marked.exam.clone()).or_default().push(marked.place());
        }
        Ok(Self(places))
    }

    /// The largest mark of an exam in the slices that are `seen`: of a positive exam its lesion, of another what could be taken for one.
    pub(super) fn of(&self, exam: &str, positive: bool, seen: impl Fn(usize) -> bool) -> Option<&Mark> {
        let marks = self.0.get(exam)?.iter();
        let meant = marks.filter(|mark| seen(mark.slice) && (mark.what == LESION) == positive);
        meant.reduce(|best, mark| if mark.size() > best.size() { mark } else { best })
    }
}

/// The lesion and the calcified pallida, the mimic that the basal ganglia have; slices of a volume are in the order of the instances.
fn of_phantom(truth: &Truth) -> Vec<Mark> {
    let pallida = truth.calcifications.iter().filter(|focus| focus.place == "pallidum");
    let pallida = pallida.flat_map(|focus| shown(&focus.place, &focus.visible));
    truth.lesion.iter().flat_map(|lesion| shown(LESION, &lesion.visible)).chain(pallida).collect()
}

fn shown<'a>(what: &'a str, visible: &'a [Visible]) -> impl Iterator<Item = Mark> + 'a {
    let marks = visible.iter().enumerate().filter(|(_, visible)| visible.area > 0.0);
    marks.map(move |(slice, visible)| Mark {
        slice,
        what: what.to_owned(),
        column: visible.column,
        row: visible.row,
        extent: Extent::Area(visible.area),
    })
}
