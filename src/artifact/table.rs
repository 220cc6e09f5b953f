//! Reading and writing rows of a `.csv` with the file named in every error.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn write<R: Serialize>(path: &Path, rows: &[R]) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut writer = csv::Writer::from_path(path).with_context(place)?;
    rows.iter().try_for_each(|row| writer.serialize(row)).with_context(place)?;
    writer.flush().with_context(place)
}

pub(super) fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>> {
    let place = || format!("cannot read {}", path.display());
    csv::Reader::from_path(path).with_context(place)?.deserialize().collect::<Result<_, _>>().with_context(place)
}

pub(super) fn write_json<R: Serialize>(path: &Path, record: &R) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut text = serde_json::to_string_pretty(record).with_context(place)?;
    text.push('\n');
    std::fs::write(path, text).with_context(place)
}

pub(super) fn read_json<R: DeserializeOwned>(path: &Path) -> Result<R> {
    let place = || format!("cannot read {}", path.display());
    let bytes = std::fs::read(path).with_context(place)?;
    serde_json::from_slice(&bytes).with_context(place)
}
