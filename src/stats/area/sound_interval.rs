//! The interval to print for an area: one that keeps its level over the whole range, and says how it was made.

use super::{auc, delong, exact_interval, logit_interval};
use crate::stats::{Interval, Level, Placements, Undefined};

/// An interval and its method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoundInterval {
    /// The limits, within [0, 1].
    pub limits: Interval,
    /// How they were made.
    pub method: IntervalMethod,
}

/// How an interval of an area was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalMethod {
    /// DeLong's variance on the logit scale: [`logit_interval`].
    LogitDelong,
    /// Every case is parted from every control: [`exact_interval`].
    ExactSeparation,
}

/// The logit-DeLong interval, and the exact one where the area is 0 or 1. Simulated coverage of a nominal 0.95 with equal-variance
/// binormal scores: 0.950 at 55 + 55 and AUC 0.95 (θ ± z σ: 0.904), 0.974 at AUC 0.998 (0.668).
///
/// # Errors
/// Between 0 and 1: [`Undefined`] with a single case or control, and where every case ties with every control.
pub fn sound_interval(placements: &Placements, level: Level) -> Result<SoundInterval, Undefined> {
    if let Some(limits) = exact_interval(placements, level) {
        return Ok(SoundInterval { limits, method: IntervalMethod::ExactSeparation });
    }
    let limits = logit_interval(auc(placements), delong::variance(placements)?, level)?;
    Ok(SoundInterval { limits, method: IntervalMethod::LogitDelong })
}
