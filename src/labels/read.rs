//! From the bytes of a table to its rows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::cells::shown;
use super::label::Columns;
use super::{Label, NAMES};
use crate::table;

/// Faults of one table that are told one by one.
const TOLD: usize = 100;

/// What may stand between two cells, by preference: spreadsheets of many countries write semicolons, and text that is copied has tabs.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads the table at `path`; see [`of_bytes`].
pub fn of_file(path: &Path, classes: &[String], faults: &mut Vec<String>) -> Vec<Label> {
    let source = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => of_bytes(&source, &bytes, classes, faults),
        Err(error) => {
            faults.push(format!("{source}: {error}"));
            vec![]
        }
    }
}

/// Reads a table that is called `source`. Every fault is told with its line, the first hundred of them; a row that names no exam is
/// left out, any other is kept whatever is wrong with it.
pub fn of_bytes(source: &str, bytes: &[u8], classes: &[String], faults: &mut Vec<String>) -> Vec<Label> {
    match labels(source, bytes) {
        Ok(mut labels) => {
            let found =
                || labels.iter().flat_map(|label| label.faults(classes).into_iter().map(|fault| (label.place(), fault)));
            faults.extend(found().take(TOLD).map(|(place, fault)| format!("{place}: {fault}")));
            let more = found().count().saturating_sub(TOLD);
            faults.extend((more > 0).then(|| format!("{source}: {more} more faults in this table")));
            labels.retain(|label| !label.id().is_empty());
            labels
        }
        Err(fault) => {
            faults.push(format!("{source}: {fault}"));
            vec![]
        }
    }
}

fn labels(source: &str, bytes: &[u8]) -> Result<Vec<Label>, String> {
    let text = text(bytes)?;
    let mut form = ReaderBuilder::new();
    form.delimiter(delimiter(text)).trim(Trim::All).flexible(true).has_headers(false);
    let mut reader = form.from_reader(text.as_bytes());
    let mut rows = reader.records().map(|row| row.map_err(|error| error.to_string()));
    let names = rows.next().ok_or("is empty; give a table with a row an exam")??;
    named(&names)?;
    let columns = Arc::new(Columns { source: source.to_owned(), names });
    let label = |row: Result<StringRecord, String>| row.map(|row| Label::new(&columns, line(&row, text), row));
    // Spreadsheets write rows of nothing below the table.
    rows.filter(|row| row.as_ref().map_or(true, |row| row.iter().any(|cell| !cell.is_empty()))).map(label).collect()
}

/// The text behind a byte-order mark.
fn text(bytes: &[u8]) -> Result<&str, String> {
    let text = table::text(bytes).map_err(|fault| match fault.advice {
        Some(advice) => format!("{}; {advice}", fault.fact),
        None => fault.fact,
    })?;
    std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8 text; save the table as UTF-8: `CSV UTF-8` in a spreadsheet")
    })
}

/// The delimiter by which the header has a column `class`.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let cuts = |delimiter: u8| header.split(char::from(delimiter)).any(|cell| cell.trim_matches([' ', '"']) == "class");
    DELIMITERS.into_iter().find(|delimiter| cuts(*delimiter)).unwrap_or(DELIMITERS[0])
}

/// Whether the header has what every table needs, and nothing twice.
fn named(names: &StringRecord) -> Result<(), String> {
    let mut known = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !name.is_empty() && !known.insert(*name)) {
        return Err(format!("two columns are called `{}`; give every column a name of its own", shown(twice)));
    }
    if !known.contains("class") {
        return Err(format!("there is no column `class`; the columns are {}", listed(names)));
    }
    if !NAMES.iter().any(|name| known.contains(name)) {
        return Err("no column tells which exam is meant; `exam`, `study`, `accession`, `series` or `patient` does".to_owned());
    }
    Ok(())
}

fn listed(names: &StringRecord) -> String {
    const MOST: usize = 20;
    let more = if names.len() > MOST { ", …" } else { "" };
    let told: Vec<String> = names.iter().take(MOST).map(|name| format!("`{}`", shown(name))).collect();
    told.join(", ") + more
}

/// The line of the file in which a row begins. The reader counts empty lines before a row to it.
fn line(row: &StringRecord, text: &str) -> u64 {
    let Some(position) = row.position() else { return 0 };
    let before = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let ends = before.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::{Part, Slices};
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> (Vec<Label>, Vec<String>) {
        let mut faults = vec![];
        let labels = of_bytes("labels.csv", text.as_ref(), &["none".to_owned(), "left".to_owned()], &mut faults);
        (labels, faults)
    }

    #[test]
    fn a_row_is_read_whatever_stands_between_its_cells() {
        for delimiter in [",", ";", "\t"] {
            let text = "\u{feff}exam|class|part|fold|slices|\"age at scan\"\r\n e1 |none|test|2|3-4| 61\r\n||||| \r\n"
                .replace('|', delimiter);
            let (labels, faults) = read(&text);
            assert_eq!((faults, labels.len()), (vec![], 1), "{delimiter:?}");
            let label = &labels[0];
            assert_eq!((label.id(), label.class(), label.place().as_str()), ("e1", "none", "labels.csv:2"));
            assert_eq!(
                (label.part(), label.fold(), label.slices()),
                (Some(Part::Test), Some(2), Some(Slices::Listed(vec![2, 3])))
            );
            assert_eq!(label.facts()["age at scan"], "61");
        }
    }

    #[test]
    fn a_fault_is_at_the_line_where_its_row_begins() {
        let (labels, faults) = read("exam,class,remark\n\na,nine,\"two\nlines\"\n\nb,none\n,left,\n");
        assert_eq!(
            faults,
            [
                "labels.csv:3: unknown class `nine`; the spec has: none, left",
                "labels.csv:6: 2 cells where the header has 3; a cell that holds what stands between cells is put in double quotes",
                "labels.csv:7: the row names no exam",
            ]
        );
        assert_eq!(labels.iter().map(Label::id).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_is_no_table_of_labels_is_refused_with_a_way_out() {
        for (bytes, told) in [
            (&b""[..], "is empty"),
            (b"exam,site\n", "there is no column `class`; the columns are `exam`, `site`"),
            (b"class,site\n", "no column tells which exam is meant"),
            (b"exam,class,exam\n", "two columns are called `exam`"),
            (b"exam,class\nM\xfcller,none\n", "line 2 is not UTF-8 text"),
            (b"\xff\xfee\0", "is UTF-16 text; save it as UTF-8"),
            (b"PK\x03\x04", "is a spreadsheet or archive, not text; export the sheet as CSV"),
        ] {
            let (labels, faults) = read(bytes);
            assert!(labels.is_empty() && faults.len() == 1 && faults[0].contains(told), "{faults:?}");
        }
    }

    #[test]
    fn of_very_many_faults_the_first_are_told_and_long_cells_are_cut() {
        let (_, faults) = read(format!("exam,class\n{}", "e,x\n".repeat(1000)));
        assert_eq!((faults.len(), faults[100].as_str()), (101, "labels.csv: 900 more faults in this table"));
        let (_, faults) = read(format!("exam,class\ne,\"{}\n", "never closed\n".repeat(1000)));
        assert!(faults.len() == 1 && faults[0].len() < 200, "{faults:?}");
    }
}
