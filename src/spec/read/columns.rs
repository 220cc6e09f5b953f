//! The header of a table that a spec names, so that a misspelt column is told with its place in the spec.

use std::path::Path;

use super::super::section::Item;

/// The columns of the table at `path`, which `item` asks about.
pub(super) fn of(item: &Item<'_>, path: &Path) -> Option<Vec<String>> {
    let header = || csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?.headers().cloned();
    match header() {
        Ok(header) => Some(header.iter().map(str::to_owned).collect()),
        Err(error) => item.fault(format!("cannot read {}: {error}", path.display()), "it is a CSV file with a header"),
    }
}
