//! A threshold as the table's own scores have it, for people and for files.

use std::fmt;

use serde::{Serialize, Serializer};

use super::study::Score;

/// From here on a subject is called positive, in the direction of the score. ±∞ where nobody or everybody is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Threshold(pub(super) f64);

impl Threshold {
    /// The threshold of a curve of `score`; `None`, above every score, becomes ∞.
    pub(super) fn of(score: &Score, threshold: Option<f64>) -> Self {
        Self(score.in_table_units(threshold.unwrap_or(f64::INFINITY)))
    }
}

/// As R and pandas read it.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            finite => write!(f, "{finite}"),
        }
    }
}

/// A number, or the text `Inf` or `-Inf`, for which JSON has no number.
impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(self) }
    }
}
