//! A threshold from the tuning exams, applied to the test exams. One that is chosen on the exams it is judged on flatters itself.

use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::rater::Rater;
use super::{limits, rate};
use crate::artifact::results::{Counts, Estimate, Operating, Ratio};
use crate::stats::decision::{LikelihoodRatio, OperatingPoint, OperatingPoints, Table2x2};
use crate::stats::{Level, Roc, Undefined};

/// How a threshold is chosen on the tuning exams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatingRule {
    /// Largest sensitivity + specificity; of equals the most sensitive, because a missed finding costs more than a second look.
    Youden,
    /// The most specific threshold of at least this sensitivity, in (0, 1].
    Sensitivity(f64),
    /// The most sensitive threshold of at least this specificity, in (0, 1].
    Specificity(f64),
}

impl fmt::Display for OperatingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Youden => f.write_str("the largest Youden index, of equals the most sensitive"),
            Self::Sensitivity(rate) => write!(f, "the most specific threshold with a sensitivity of at least {rate}"),
            Self::Specificity(rate) => write!(f, "the most sensitive threshold with a specificity of at least {rate}"),
        }
    }
}

/// A threshold, and what it did where it was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Threshold {
    /// `None` is above every score.
    pub(super) value: Option<f64>,
    pub(super) tuning: Option<Counts>,
}

impl Threshold {
    /// The threshold that `rule` likes best on the curve of the tuning exams.
    pub(super) fn chosen(rule: OperatingRule, tuning: &Roc) -> Result<Self> {
        let point = match rule {
            OperatingRule::Youden => OperatingPoints::youden(tuning).most_sensitive(),
            OperatingRule::Sensitivity(rate) => OperatingPoint::at_sensitivity(tuning, rate)?,
            OperatingRule::Specificity(rate) => OperatingPoint::at_specificity(tuning, rate)?,
        };
        // JSON has no -∞, and no score of a model is below 0.
        Ok(Self { value: point.threshold.map(|threshold| threshold.max(0.0)), tuning: Some(counts(&point.chosen_on)) })
    }

    /// Who is called positive by these scores.
    pub(super) fn called(&self, scores: &[f64]) -> Vec<bool> {
        scores.iter().map(|score| self.value.is_some_and(|threshold| *score >= threshold)).collect()
    }
}

/// What the rater's threshold does on the test exams.
pub(super) fn operating(rater: &Rater, level: Level) -> Result<Estimate<Operating>> {
    let Some(threshold) = rater.threshold else {
        return Ok(Estimate::Undefined("a reader's graded scores come without a threshold".to_owned()));
    };
    let called = threshold.called(&rater.values);
    let table = Table2x2::of(rater.scores.reference(), &called).with_context(|| format!("`{}`", rater.name))?;
    Ok(Estimate::Defined(Operating {
        threshold: threshold.value,
        tuning: threshold.tuning,
        counts: counts(&table),
        sensitivity: rate(table.sensitivity(), level),
        specificity: rate(table.specificity(), level),
        positive_predictive_value: rate(table.positive_predictive_value(), level),
        negative_predictive_value: rate(table.negative_predictive_value(), level),
        positive_likelihood_ratio: ratio(LikelihoodRatio::positive(&table), level),
        negative_likelihood_ratio: ratio(LikelihoodRatio::negative(&table), level),
    }))
}

fn ratio(ratio: Result<LikelihoodRatio, Undefined>, level: Level) -> Estimate<Ratio> {
    let estimate = |ratio: LikelihoodRatio| {
        let ci = ratio.interval(level).map(limits).into();
        ratio.value().map(|value| Ratio { value, ci })
    };
    ratio.and_then(estimate).into()
}

fn counts(table: &Table2x2) -> Counts {
    Counts {
        true_positives: table.true_positives,
        false_positives: table.false_positives,
        false_negatives: table.false_negatives,
        true_negatives: table.true_negatives,
    }
}
