//! Where lesions and their mimics lie in the slices, of phantoms from their truth, of others from the author's table.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use anyhow::{Context, Result};
use serde::Deserialize;

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

/// A row of the author's table.
#[derive(Debug, Deserialize)]
struct Row {
    exam: String,
    /// From 1.
    slice: usize,
    column: f64,
    row: f64,
    radius: f64,
    mark: Option<String>,
}

impl Places {
    pub(super) fn open(inputs: &Inputs<'_>) -> Result<Self> {
        let mut places: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
        for (exam, files) in inputs.truth {
            let path = files.path("truth.json")?;
            let place = || format!("cannot read {}", path.display());
            let truth: Truth = serde_json::from_slice(&std::fs::read(path).with_context(place)?).with_context(place)?;
            places.insert(exam.clone(), of_phantom(&truth));
        }
        if let Some((_, path)) = inputs.marks.and_then(|files| files.iter().next()) {
            let place = || format!("cannot read {}", path.display());
            let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).with_context(place)?;
            for row in reader.deserialize() {
                let row: Row = row.with_context(place)?;
                let slice = row.slice.checked_sub(1).with_context(|| format!("{}: slices count from 1", path.display()))?;
                let what = row.mark.filter(|mark| !mark.is_empty()).unwrap_or_else(|| LESION.to_owned());
                let mark = Mark { slice, what, column: row.column, row: row.row, extent: Extent::Radius(row.radius) };
                places.entry(row.exam).or_default().push(mark);
            }
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
