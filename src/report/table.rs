//! A table before it is written: printed cells for readers and, beside them, the same rows at full precision for machines.

mod csv;
mod footnotes;
mod html;
mod markdown;
pub(super) mod tex;

pub(super) use footnotes::Footnotes;

/// One numbered table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// Which series it is numbered in.
    pub(super) series: Series,
    /// Position in its series from 1; 0 until the document is complete.
    pub(super) number: usize,
    /// What it shows, one sentence.
    pub(super) caption: String,
    /// Columns in order.
    pub(super) columns: Vec<Column>,
    /// Leading columns that name a row rather than describe it.
    pub(super) keys: usize,
    /// Printed rows, as wide as `columns`.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Remarks on the whole table.
    pub(super) notes: Vec<String>,
    /// Remarks on single cells; cells point here by letter.
    pub(super) footnotes: Footnotes,
    /// The rows for machines.
    pub(super) data: Data,
}

/// What a table is numbered among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    /// The findings: Table 1, 2, …
    Main,
    /// What they rest on: Table S1, S2, …
    Supplement,
}

/// One printed column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// Heading.
    pub(super) name: String,
    /// Whether it holds numbers, which line up on the right.
    pub(super) numeric: bool,
}

/// One printed cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cell {
    /// What it says.
    pub(super) text: String,
    /// Letters of the footnotes that it points to.
    pub(super) marks: String,
    /// Whether it stands out.
    pub(super) strong: bool,
}

/// Header and rows at full precision; what does not exist is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Data {
    /// Column names.
    pub(super) header: Vec<String>,
    /// Rows as wide as the header.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table of this caption.
    pub(super) fn new(series: Series, caption: impl Into<String>) -> Self {
        Self {
            series,
            number: 0,
            caption: caption.into(),
            columns: Vec::new(),
            keys: 1,
            rows: Vec::new(),
            notes: Vec::new(),
            footnotes: Footnotes::default(),
            data: Data::default(),
        }
    }

    /// `Table 2`, `Table S1`.
    pub(super) fn label(&self) -> String {
        format!("Table {}", self.rank())
    }

    /// Name of its files without the ending: `table2`, `tableS1`.
    pub(super) fn stem(&self) -> String {
        format!("table{}", self.rank())
    }

    fn rank(&self) -> String {
        match self.series {
            Series::Main => self.number.to_string(),
            Series::Supplement => format!("S{}", self.number),
        }
    }

    /// Remarks below the table in printing order: first those on all of it, then the lettered ones.
    pub(super) fn remarks(&self) -> impl Iterator<Item = (Option<char>, &str)> {
        let whole = self.notes.iter().map(|note| (None, note.as_str()));
        whole.chain(self.footnotes.iter().map(|(letter, text)| (Some(letter), text)))
    }
}

impl Column {
    /// A column of words.
    pub(super) fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), numeric: false }
    }

    /// A column of numbers.
    pub(super) fn numbers(name: impl Into<String>) -> Self {
        Self { name: name.into(), numeric: true }
    }
}

impl Cell {
    /// This cell with one more footnote.
    pub(super) fn marked(mut self, mark: char) -> Self {
        self.marks.push(mark);
        self
    }

    /// This cell standing out where `strong`.
    pub(super) fn strong_if(mut self, strong: bool) -> Self {
        self.strong = strong;
        self
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}
