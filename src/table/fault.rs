//! What is wrong with a table: place, fact, advice.

use std::fmt;

use thiserror::Error;

/// How many faults are told one by one.
const SHOWN: usize = 10;

/// All faults of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// Where the table came from, for messages.
    pub source: String,
    /// The first ten.
    pub shown: Vec<Fault>,
    /// How many there are altogether.
    pub total: usize,
}

/// One fault at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file from 1; `None` for a fault of the whole file.
    pub line: Option<u64>,
    /// What is wrong.
    pub fact: String,
    /// What can be done.
    pub advice: Option<Advice>,
}

/// What can be done about a fault; told once however many faults ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Advice {
    /// A cell that has to be a number is none.
    #[error("a missing number is an empty cell, NA, NaN, null, `.` or `-`")]
    Missing,
    /// A number is written `0,5`.
    #[error("write numbers with a decimal point: `write.csv` instead of `write.csv2` in R, `decimal=\".\"` in pandas")]
    DecimalComma,
    /// Any other.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// A fault of the whole table.
    pub fn of_table(fact: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { line: None, fact: fact.into(), advice: Some(Advice::Other(advice.into())) }
    }
}

impl Faults {
    pub(super) fn none(source: &str) -> Self {
        Self { source: source.to_owned(), shown: vec![], total: 0 }
    }

    /// The faults of one table, of which at least one is expected.
    pub fn of(source: &str, faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut all = Self::none(source);
        faults.into_iter().for_each(|fault| all.note(|| fault));
        all
    }

    /// Counts a fault and keeps it if it is among the first.
    pub(super) fn note(&mut self, fault: impl FnOnce() -> Fault) {
        self.total += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(fault());
        }
    }

    /// `value` where nothing was noted.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.total == 0 { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: Vec<&Advice> = vec![];
        for (position, fault) in self.shown.iter().enumerate() {
            let line = fault.line.map_or_else(String::new, |line| format!(":{line}"));
            let start = if position == 0 { "" } else { "\n" };
            write!(f, "{start}error: {}{line}: {}", self.source, fault.fact)?;
            told.extend(fault.advice.iter().filter(|advice| !told.contains(advice)).collect::<Vec<_>>());
        }
        if self.total > self.shown.len() {
            write!(f, "\nerror: {}: {} more faults", self.source, self.total - self.shown.len())?;
        }
        told.iter().try_for_each(|advice| write!(f, "\n  hint: {advice}"))
    }
}

impl std::error::Error for Faults {}
