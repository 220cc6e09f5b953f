//! The answer as tidy CSV: a table a file, a curve, a comparison or an operating point a row, full precision, an empty cell where nothing is known.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::answer::Answer;

/// Writes the tables into `folder`, which is made where it is missing. A table without a row is written with its header only.
pub(super) fn write(folder: &Path, answer: &Answer) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let comparisons = answer.parts().flat_map(|part| &part.comparisons).chain(&answer.between_groups);
    table(&folder.join("curves.csv"), answer.parts().flat_map(|part| &part.curves))?;
    table(&folder.join("comparisons.csv"), comparisons)?;
    table(&folder.join("operating_points.csv"), answer.parts().flat_map(|part| &part.operating_points))
}

pub(super) fn table<R: Serialize>(path: &Path, mut rows: impl Iterator<Item = R>) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut writer = csv::Writer::from_path(path).with_context(place)?;
    rows.try_for_each(|row| writer.serialize(row)).with_context(place)?;
    writer.flush().with_context(place)
}
