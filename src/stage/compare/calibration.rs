//! Whether scores are true as probabilities. Scores are those of exams: a rule like the maximum over slices pushes them up.

use std::num::NonZeroUsize;

use anyhow::{Context, Result};

use super::limits;
use super::rater::Rater;
use crate::artifact::results::{Calibration, ReliabilityBin};
use crate::stats::calibration::{self, Bin, Binning, Reliability};
use crate::stats::proportion::wilson;
use crate::stats::{Level, Probabilities};

const BINS: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

/// The calibration of a model; a reader's scores do not claim to be probabilities.
pub(super) fn calibration(rater: &Rater, level: Level) -> Result<Option<Calibration>> {
    if rater.probabilities.is_none() {
        return Ok(None);
    }
    let place = || format!("model `{}`", rater.name);
    let probabilities = Probabilities::new(rater.scores.reference(), &rater.values).with_context(place)?;
    let reliability = Reliability::of(&probabilities, Binning::EqualWidth(BINS));
    let slope = calibration::slope(&probabilities).map(|fit| fit.slope);
    Ok(Some(Calibration {
        brier: calibration::brier(&probabilities),
        expected_error: reliability.expected_error(),
        slope: slope.map(|slope| slope.value).into(),
        slope_ci: slope.map(|slope| limits(slope.interval(level))).into(),
        bins: reliability.bins.iter().map(|bin| reliability_bin(bin, level)).collect(),
    }))
}

fn reliability_bin(bin: &Bin, level: Level) -> ReliabilityBin {
    ReliabilityBin {
        predicted: bin.predicted,
        observed: bin.observed.estimate(),
        exams: bin.observed.trials() as usize,
        ci: limits(wilson(bin.observed, level)),
    }
}
