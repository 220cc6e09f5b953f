//! What deciding by a predicted risk is worth, in true positives a subject (Vickers & Elkin 2006, Med Decis Making 26:565): who
//! treats at a risk of t takes a false positive for t/(1 - t) of a true one.

use thiserror::Error;

use super::Table2x2;
use crate::stats::{Probabilities, Scores};

/// Net benefit at one threshold; that of treating nobody is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetBenefit {
    /// The risk from which on one treats, t in [0, 1).
    pub threshold: f64,
    /// Who is treated by the model.
    pub table: Table2x2,
    /// Of treating whose probability is at least t: tp/N - fp/N · t/(1 - t).
    pub model: f64,
    /// Of treating everybody: m/N - n/N · t/(1 - t).
    pub all: f64,
}

/// A number that is no risk to treat from.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is no risk from which to treat; give a number from 0 to below 1, e.g. 0.2")]
pub struct InvalidRisk(pub f64);

/// The decision curve: net benefit at each of the thresholds, in their order.
///
/// # Errors
/// When a threshold is not in [0, 1).
pub fn decision_curve(probabilities: &Probabilities, thresholds: &[f64]) -> Result<Vec<NetBenefit>, InvalidRisk> {
    thresholds.iter().map(|&threshold| NetBenefit::at(probabilities.scores(), threshold)).collect()
}

impl NetBenefit {
    fn at(scores: &Scores, threshold: f64) -> Result<Self, InvalidRisk> {
        if !(0.0..1.0).contains(&threshold) {
            return Err(InvalidRisk(threshold));
        }
        let (table, reference) = (Table2x2::at(scores, Some(threshold)), scores.reference());
        let subjects = reference.subjects() as f64;
        let benefit = |cases: usize, controls: usize| {
            cases as f64 / subjects - controls as f64 / subjects * (threshold / (1.0 - threshold))
        };
        Ok(Self {
            threshold,
            table,
            model: benefit(table.true_positives, table.false_positives),
            all: benefit(reference.cases(), reference.controls()),
        })
    }
}
