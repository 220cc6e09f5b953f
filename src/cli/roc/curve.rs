//! One curve: its area, how sure that is, and what could not be said.

use serde::Serialize;

use super::method::Method;
use super::sample::Ranking;
use super::study::{Score, Study};
use crate::stats::{Interval, auc, delong, exact_interval};

/// What is said about one curve; its form is a contract. What does not exist or was not asked for is null.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Curve {
    /// The level of `--by` that it belongs to.
    pub(super) group: Option<String>,
    pub(super) name: String,
    /// Which scores are suspicious: `higher` or `lower`.
    pub(super) direction: &'static str,
    pub(super) n_complete: usize,
    pub(super) n_positive: usize,
    pub(super) auc: Option<f64>,
    pub(super) se: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
    pub(super) ci_method: Option<&'static str>,
    /// Only where the AUC is 0 or 1.
    pub(super) exact_ci_low: Option<f64>,
    pub(super) exact_ci_high: Option<f64>,
    /// Why something is null that was asked for.
    pub(super) undefined: Option<String>,
}

impl Curve {
    pub(super) fn of(score: &Score, ranking: &Result<Ranking, String>, study: &Study, method: &Method) -> Self {
        let mut curve = Self {
            group: study.level.clone(),
            name: score.name.clone(),
            direction: if score.lower_is_positive { "lower" } else { "higher" },
            n_complete: score.values.len() - score.missing,
            ..Self::default()
        };
        match ranking {
            Err(why) => curve.undefined = Some(why.clone()),
            Ok(ranking) => curve.conclude(ranking, method),
        }
        curve
    }

    /// The interval for people: the exact bound where there is one, because the other is a point there.
    pub(super) fn shown_interval(&self) -> Option<[f64; 2]> {
        let exact = self.exact_ci_low.zip(self.exact_ci_high);
        exact.or(self.ci_low.zip(self.ci_high)).map(|(low, high)| [low, high])
    }

    /// No variance although the classes are not separated, as that of a constant score.
    pub(super) fn is_degenerate(&self) -> bool {
        self.se == Some(0.0) && self.exact_ci_low.is_none()
    }

    fn conclude(&mut self, ranking: &Ranking, method: &Method) {
        let placements = &ranking.placements;
        let area = auc(placements);
        self.n_positive = placements.reference().cases();
        self.auc = Some(area);
        (self.exact_ci_low, self.exact_ci_high) = limits(exact_interval(placements, method.level));
        match delong::variance(placements) {
            Err(why) => self.undefined = Some(why.to_string()),
            Ok(variance) => {
                self.se = Some(variance.sqrt());
                self.ci_method = Some("delong");
                (self.ci_low, self.ci_high) = limits(Some(Interval::normal(area, variance, method.level).clipped()));
            }
        }
    }
}

pub(super) fn limits(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    (interval.map(|interval| interval.lower), interval.map(|interval| interval.upper))
}
