//! Numbers that may not exist.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// An estimate that may not exist: exactly one of value and reason is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate<T> {
    /// The estimate.
    Defined(T),
    /// Why there is none.
    Undefined(String),
}

impl<T> Estimate<T> {
    /// The value, where there is one.
    pub fn defined(&self) -> Option<&T> {
        match self {
            Self::Defined(value) => Some(value),
            Self::Undefined(_) => None,
        }
    }

    /// Why there is no value, where there is none.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Defined(_) => None,
            Self::Undefined(why) => Some(why),
        }
    }
}

impl<T, E: Display> From<std::result::Result<T, E>> for Estimate<T> {
    fn from(result: std::result::Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Defined(value),
            Err(reason) => Self::Undefined(reason.to_string()),
        }
    }
}

/// A share of exams with its interval by Clopper and Pearson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Exams that are counted.
    pub hits: usize,
    /// Exams that could be.
    pub of: usize,
    /// `hits` over `of`, in [0, 1].
    pub value: f64,
    /// Exact interval.
    pub ci: [f64; 2],
}

/// A likelihood ratio with its interval on the log scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The ratio, at least 0.
    pub value: f64,
    /// Its interval.
    pub ci: Estimate<[f64; 2]>,
}
