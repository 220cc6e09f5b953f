//! One curve: its area, how sure that is, and what could not be said.

use serde::Serialize;

use super::arguments::IntervalMethod;
use super::method::Method;
use super::sample::Ranking;
use super::study::{Score, Study};
use crate::stats::{
    Clustered, Interval, Roc, auc, delong, design_effect, effective_units, exact_interval, logit_interval, mcclish,
    partial_area,
};

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
    /// By DeLong's variance, or Obuchowski's where there are clusters.
    pub(super) se: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
    /// `delong`, `logit`, `exact`, `percentile` or `bca`.
    pub(super) ci_method: Option<&'static str>,
    /// Only where the AUC is 0 or 1 and subjects are independent.
    pub(super) exact_ci_low: Option<f64>,
    pub(super) exact_ci_high: Option<f64>,
    pub(super) partial_auc: Option<f64>,
    /// Rescaled to 1/2 for chance and 1 for perfection (McClish 1989).
    pub(super) partial_auc_corrected: Option<f64>,
    pub(super) n_clusters: Option<usize>,
    /// Obuchowski's variance over DeLong's.
    pub(super) design_effect: Option<f64>,
    /// How many independent subjects the clustered ones are worth.
    pub(super) effective_n: Option<f64>,
    /// Why something is null that was asked for.
    pub(super) undefined: Option<String>,
}

impl Curve {
    pub(super) fn of(score: &Score, ranking: &Result<Ranking, String>, study: &Study, method: &Method) -> Self {
        let has_score = |(value, case): (&f64, &bool)| *case && !value.is_nan();
        let mut curve = Self {
            group: study.level.clone(),
            name: score.name.clone(),
            direction: if score.lower_is_positive { "lower" } else { "higher" },
            n_complete: score.values.len() - score.missing,
            n_positive: score.values.iter().zip(&study.is_case).filter(|pair| has_score(*pair)).count(),
            ..Self::default()
        };
        match ranking {
            Err(why) => curve.note(why),
            Ok(ranking) => curve.conclude(ranking, method),
        }
        curve
    }

    /// The interval for people: the exact bound where there is one, because the other is a point there.
    pub(super) fn shown_interval(&self) -> Option<[f64; 2]> {
        let exact = self.exact_ci_low.zip(self.exact_ci_high);
        exact.or(self.ci_low.zip(self.ci_high)).map(|(low, high)| [low, high])
    }

    /// No variance and no exact bound either, as with a constant score.
    pub(super) fn is_degenerate(&self) -> bool {
        self.se == Some(0.0) && self.exact_ci_low.is_none()
    }

    fn conclude(&mut self, ranking: &Ranking, method: &Method) {
        let area = auc(&ranking.placements);
        self.auc = Some(area);
        if ranking.clusters.is_none() {
            (self.exact_ci_low, self.exact_ci_high) = limits(exact_interval(&ranking.placements, method.level));
        }
        self.partial(ranking, method);
        match self.variance(ranking) {
            Err(why) => self.note(&why),
            Ok(variance) => {
                self.se = Some(variance.sqrt());
                match self.interval(area, variance, ranking, method) {
                    Err(why) => self.note(&why),
                    Ok(interval) => (self.ci_low, self.ci_high) = limits(Some(interval)),
                }
            }
        }
    }

    fn variance(&mut self, ranking: &Ranking) -> Result<f64, String> {
        let Some(clusters) = &ranking.clusters else {
            return delong::variance(&ranking.placements).map_err(|why| why.to_string());
        };
        self.n_clusters = Some(clusters.count());
        let clustered = Clustered::of(&ranking.placements, clusters).map_err(|error| error.to_string())?;
        self.design_effect = design_effect(&ranking.placements, &clustered).ok();
        self.effective_n = effective_units(&ranking.placements, &clustered).ok();
        clustered.variance().map_err(|why| why.to_string())
    }

    fn interval(&mut self, area: f64, variance: f64, ranking: &Ranking, method: &Method) -> Result<Interval, String> {
        let level = method.level;
        let chosen = method.arguments.interval();
        self.ci_method = Some(match chosen {
            IntervalMethod::Delong => "delong",
            IntervalMethod::Logit if self.exact_ci_low.is_some() => "exact",
            IntervalMethod::Logit => "logit",
            IntervalMethod::Percentile => "percentile",
            IntervalMethod::Bca => "bca",
        });
        let interval = match (chosen, self.exact_ci_low.zip(self.exact_ci_high)) {
            (IntervalMethod::Delong, _) => Ok(Interval::normal(area, variance, level).clipped()),
            (IntervalMethod::Logit, Some((lower, upper))) => Ok(Interval { lower, upper }),
            (IntervalMethod::Logit, None) => logit_interval(area, variance, level),
            (IntervalMethod::Percentile, _) => method
                .bootstrap(ranking, &self.name)?
                .areas(&ranking.scores)
                .map_err(|error| error.to_string())?
                .percentile(level),
            (IntervalMethod::Bca, _) => {
                let replicates =
                    method.bootstrap(ranking, &self.name)?.areas(&ranking.scores).map_err(|error| error.to_string())?;
                replicates.bca(area, &ranking.influences()?, level)
            }
        };
        interval.map_err(|why| why.to_string())
    }

    fn partial(&mut self, ranking: &Ranking, method: &Method) {
        if let Some(band) = &method.band {
            let area = partial_area(&Roc::of(&ranking.scores), band);
            self.partial_auc = Some(area);
            match mcclish(area, band) {
                Ok(corrected) => self.partial_auc_corrected = Some(corrected),
                Err(why) => self.note(&why.to_string()),
            }
        }
    }

    fn note(&mut self, why: &str) {
        self.undefined = Some(self.undefined.iter().fold(why.to_owned(), |why, earlier| format!("{earlier}; {why}")));
    }
}

pub(super) fn limits(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    (interval.map(|interval| interval.lower), interval.map(|interval| interval.upper))
}
