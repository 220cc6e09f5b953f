//! The area under the curve of any scores on any exams, with the interval to believe.

use std::sync::Arc;

use super::Params;
use super::limits;
use super::naming::truth;
use super::rater::Rater;
use crate::artifact::results::{Area, ClassArea, Estimate, IntervalMethod, SoundInterval};
use crate::stats::{self, Level, Placements, Reference, Scores};

/// The area of `values`, one an exam, where `is_case` says which exams are to score high.
pub(super) fn area(is_case: Vec<bool>, values: &[f64], level: Level) -> Estimate<Area> {
    let reference = match Reference::new(is_case) {
        Ok(reference) => Arc::new(reference),
        Err(why) => return Estimate::Undefined(why.to_string()),
    };
    Scores::new(&reference, values).map(|scores| of(&Placements::of(&scores), level)).into()
}

/// The area of these placements.
pub(super) fn of(placements: &Placements, level: Level) -> Area {
    Area { auc: stats::auc(placements), interval: sound(placements, level) }
}

/// The interval to believe.
pub(super) fn sound(placements: &Placements, level: Level) -> Estimate<SoundInterval> {
    let interval = |interval: stats::SoundInterval| SoundInterval {
        limits: limits(interval.limits),
        method: match interval.method {
            stats::IntervalMethod::LogitDelong => IntervalMethod::LogitDelong,
            stats::IntervalMethod::ExactSeparation => IntervalMethod::ExactSeparation,
        },
    };
    stats::sound_interval(placements, level).map(interval).into()
}

/// Each class against all others by its own probability; nothing for a rater without probabilities.
pub(super) fn one_vs_rest(params: &Params, rater: &Rater, level: Level) -> anyhow::Result<Vec<ClassArea>> {
    let (truth, probabilities) = (truth(params)?, rater.probabilities.as_deref().unwrap_or_default());
    let class = |(class, name): (usize, &String)| {
        let values: Vec<f64> = probabilities.iter().map(|exam| exam[class]).collect();
        let is_case = truth.iter().map(|truth| *truth == class).collect();
        ClassArea { class: name.clone(), area: area(is_case, &values, level) }
    };
    let classes = params.classes.iter().enumerate().filter(|_| !probabilities.is_empty());
    Ok(classes.map(class).collect())
}
