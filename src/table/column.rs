//! A column once it is read.

use std::collections::HashMap;

/// What a column is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of few different values: a class, a group, a patient.
    Labels,
    /// Numbers; anything else is a fault.
    Numbers,
    /// Numbers, if every cell is one; else the column is left out.
    Candidate,
}

/// A column of a table, a value a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// See [`Kind::Labels`].
    Labels(Labels),
    /// See [`Kind::Numbers`].
    Numbers(Numbers),
    /// A candidate that holds other text than numbers, or no number at all.
    Text,
}

/// Labels, each text kept once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// The different texts in the order of their first appearance.
    pub levels: Vec<String>,
    /// A row's position in `levels`; `None` where it has no label.
    pub rows: Vec<Option<u32>>,
}

/// Numbers, each as the double next to what is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// A missing number is NaN, as it is to R and NumPy; no other NaN exists, and [`crate::stats::Scores`] refuses it, so that
    /// none is ranked by mistake.
    pub rows: Vec<f64>,
    /// How many are missing.
    pub missing: usize,
}

/// A column that grows.
#[derive(Debug)]
pub(super) struct Builder {
    column: Column,
    kind: Kind,
    /// What each text of a label stands for; `None` for a missing one.
    codes: HashMap<Box<[u8]>, Option<u32>>,
}

impl Builder {
    pub(super) fn new(kind: Kind) -> Self {
        let column = match kind {
            Kind::Labels => Column::Labels(Labels::default()),
            Kind::Numbers | Kind::Candidate => Column::Numbers(Numbers::default()),
        };
        Self { column, kind, codes: HashMap::new() }
    }

    /// Takes the next cell; `false` where it is no number although it has to be one.
    pub(super) fn push(&mut self, cell: &[u8]) -> bool {
        match &mut self.column {
            Column::Text => true,
            Column::Labels(labels) => {
                labels.push(cell, &mut self.codes);
                true
            }
            Column::Numbers(numbers) => match super::cell::number(cell) {
                Some(number) => {
                    numbers.push(number);
                    true
                }
                None if self.kind == Kind::Candidate => {
                    self.column = Column::Text;
                    true
                }
                None => false,
            },
        }
    }

    pub(super) fn finish(self) -> Column {
        match self.column {
            Column::Numbers(numbers) if self.kind == Kind::Candidate && numbers.missing == numbers.rows.len() => Column::Text,
            column => column,
        }
    }
}

impl Labels {
    fn push(&mut self, cell: &[u8], codes: &mut HashMap<Box<[u8]>, Option<u32>>) {
        let known = self.first_levels(cell).or_else(|| codes.get(cell).copied());
        let code = known.unwrap_or_else(|| {
            let code = (!super::cell::is_missing(cell)).then(|| self.add(cell));
            codes.insert(cell.into(), code);
            code
        });
        self.rows.push(code);
    }

    /// Most columns have few levels, which are found faster one by one than by hashing.
    fn first_levels(&self, cell: &[u8]) -> Option<Option<u32>> {
        let mut first = self.levels.iter().take(4).zip(0..);
        first.find(|(level, _)| level.as_bytes() == cell).map(|(_, code)| Some(code))
    }

    fn add(&mut self, cell: &[u8]) -> u32 {
        self.levels.push(String::from_utf8_lossy(cell).into_owned());
        self.levels.len() as u32 - 1
    }
}

impl Numbers {
    fn push(&mut self, number: f64) {
        self.missing += usize::from(number.is_nan());
        self.rows.push(number);
    }
}
