//! One pass from bytes to columns.

use std::io::{self, Cursor, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::column::Builder;
use super::{Advice, Column, Fault, Faults, Format, Header, Kind, cell, format};

/// So much is looked at before reading starts.
const HEAD: u64 = 1 << 16;

/// A table whose form is known and whose rows are yet to be read.
pub struct Reader<'a> {
    source: String,
    header: Header,
    csv: csv::Reader<Box<dyn Read + 'a>>,
    /// Rows that had to be read to know the form.
    ahead: Vec<ByteRecord>,
}

impl<'a> Reader<'a> {
    /// Looks at the first lines of `input`; `source` says in messages where it comes from.
    ///
    /// # Errors
    /// When the input cannot be read, is no text, or holds no row.
    pub fn open(source: &str, mut input: impl Read + 'a, format: Format) -> Result<Self, Faults> {
        let refused = |fault| Faults::of(source, [fault]);
        let mut head = vec![];
        input.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| refused(unreadable(&error)))?;
        let head = format::text(&head).map_err(refused)?.to_vec();
        let delimiter = format.delimiter.unwrap_or_else(|| format::delimiter(&head));
        let whole: Box<dyn Read + 'a> = Box::new(Cursor::new(head).chain(input));
        let mut form = ReaderBuilder::new();
        form.delimiter(delimiter).flexible(true).has_headers(false).buffer_capacity(1 << 18);
        let csv = form.from_reader(whole);
        let mut reader = Self { source: source.to_owned(), header: Header::new(vec![]), csv, ahead: vec![] };
        reader.read_header(format.header).map_err(refused)?;
        Ok(reader)
    }

    /// The names of the columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn read_header(&mut self, named: bool) -> Result<(), Fault> {
        let first = self.next()?.ok_or_else(|| Fault::of_table("is empty", "give a table with a row a subject"))?;
        let mut names: Vec<String> = (1..=first.len()).map(|number| number.to_string()).collect();
        if named {
            let row = self
                .next()?
                .ok_or_else(|| Fault::of_table("has a header and no row", "if its one line holds data, say --no-header"))?;
            names = first.iter().map(|cell| String::from_utf8_lossy(cell.trim_ascii()).into_owned()).collect();
            if names.len() + 1 == row.len() {
                // R's `write.table` gives the column of row names no name.
                names.insert(0, String::new());
            }
            self.ahead.push(row);
        } else {
            self.ahead.push(first);
        }
        self.header = Header::new(names);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<ByteRecord>, Fault> {
        let mut record = ByteRecord::new();
        let found = self.csv.read_byte_record(&mut record).map_err(|error| unreadable(&error))?;
        Ok(found.then_some(record))
    }

    /// Reads all rows into the columns at these positions.
    ///
    /// # Errors
    /// Every cell that is no number and has to be one, every row of another length than the header.
    ///
    /// # Panics
    /// When there is no column at one of the positions.
    pub fn read(mut self, wanted: &[(usize, Kind)]) -> Result<Vec<Column>, Faults> {
        let mut columns: Vec<(usize, Builder)> = wanted.iter().map(|&(at, kind)| (at, Builder::new(kind))).collect();
        let mut faults = Faults::none(&self.source);
        for row in &self.ahead {
            take(row, &self.header, &mut columns, &mut faults);
        }
        let mut row = ByteRecord::new();
        loop {
            match self.csv.read_byte_record(&mut row) {
                Ok(true) => take(&row, &self.header, &mut columns, &mut faults),
                Ok(false) => break,
                Err(error) => return Err(Faults::of(&self.source, [unreadable(&error)])),
            }
        }
        faults.or(columns.into_iter().map(|(_, builder)| builder.finish()).collect())
    }
}

fn take(row: &ByteRecord, header: &Header, columns: &mut [(usize, Builder)], faults: &mut Faults) {
    if row.len() != header.names().len() {
        return faults.note(|| uneven(row, header));
    }
    for (at, builder) in columns {
        let cell = row[*at].trim_ascii();
        if !builder.push(cell) {
            faults.note(|| not_a_number(row, &header.names()[*at], cell));
        }
    }
}

fn line(row: &ByteRecord) -> Option<u64> {
    row.position().map(csv::Position::line)
}

fn uneven(row: &ByteRecord, header: &Header) -> Fault {
    let (found, expected) = (row.len(), header.names().len());
    let advice = "a cell that holds the delimiter stands in double quotes; --delimiter says which one it is";
    let fact = format!("{found} cells where the header has {expected}");
    Fault { line: line(row), fact, advice: Some(Advice::Other(advice.into())) }
}

fn not_a_number(row: &ByteRecord, column: &str, found: &[u8]) -> Fault {
    let text = String::from_utf8_lossy(found);
    let advice = if cell::has_decimal_comma(&text) { Advice::DecimalComma } else { Advice::Missing };
    Fault { line: line(row), fact: format!("column `{column}`: `{text}` is not a number"), advice: Some(advice) }
}

fn unreadable(error: &(impl Into<io::Error> + std::fmt::Display)) -> Fault {
    Fault::of_table(format!("cannot be read: {error}"), "give the path of a CSV file, or `-` to read a pipe")
}
