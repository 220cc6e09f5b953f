//! Two curves: the difference of their areas, first minus second, and whether it may be chance.

use rayon::prelude::*;
use serde::Serialize;

use super::arguments::Adjustment;
use super::curve::limits;
use super::method::Method;
use super::sample::Rankings;
use crate::stats::{self, Pair};

/// What is said about two curves; its form is a contract. What does not exist or was not asked for is null.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Comparison {
    /// The level of `--by` that both belong to.
    pub(super) group: Option<String>,
    /// The score, where `a` and `b` are two levels of `--by`.
    pub(super) score: Option<String>,
    pub(super) a: String,
    pub(super) b: String,
    /// Subjects that the comparison stands on.
    pub(super) n_complete: usize,
    pub(super) difference: Option<f64>,
    pub(super) se: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
    pub(super) z: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) p_holm: Option<f64>,
    /// p by the adjustment that was asked for.
    pub(super) p_adjusted: Option<f64>,
    /// Why something is null that was asked for.
    pub(super) undefined: Option<String>,
}

/// All pairs of curves in column order.
pub(super) fn all(rankings: &Rankings, method: &Method) -> Vec<Comparison> {
    let study = rankings.study();
    let curves = study.scores.len();
    let pairs: Vec<(usize, usize)> = (0..curves).flat_map(|a| (a + 1..curves).map(move |b| (a, b))).collect();
    let compare = |&(a, b): &(usize, usize)| {
        let names = [a, b].map(|at| study.scores[at].name.clone());
        Comparison { group: study.level.clone(), ..Comparison::of(names, rankings, (a, b), method) }
    };
    let mut comparisons: Vec<Comparison> = pairs.par_iter().map(compare).collect();
    adjust(&mut comparisons, method.arguments.adjust);
    comparisons
}

/// The levels of `--by` against each other, score by score.
pub(super) fn between_groups(_levels: &[Rankings], _method: &Method) -> Vec<Comparison> {
    vec![]
}

impl Comparison {
    fn of([a, b]: [String; 2], rankings: &Rankings, pair: (usize, usize), method: &Method) -> Self {
        let mut found = Self { a, b, ..Self::default() };
        if let Err(why) = found.paired(rankings, pair, method) {
            found.undefined = Some(why);
        }
        found
    }

    fn paired(&mut self, rankings: &Rankings, (a, b): (usize, usize), method: &Method) -> Result<(), String> {
        let [first, second] = rankings.pair(a, b)?;
        self.n_complete = first.sample.reference.subjects();
        let pair = Pair::new(&first.placements, &second.placements).map_err(|error| error.to_string())?;
        self.difference = Some(pair.difference());
        self.se = Some(pair.variance().map_err(|why| why.to_string())?.sqrt());
        let test = pair.test().map_err(|why| why.to_string())?;
        (self.z, self.p) = (Some(test.z), Some(test.p));
        (self.ci_low, self.ci_high) = limits(pair.interval(method.level).ok());
        Ok(())
    }
}

/// Adjusts within one family: all comparisons of a table that have a p.
pub(super) fn adjust(comparisons: &mut [Comparison], adjustment: Adjustment) {
    let p: Vec<f64> = comparisons.iter().filter_map(|found| found.p).collect();
    let adjusted = match adjustment {
        Adjustment::None => p.clone(),
        _ => stats::holm(&p),
    };
    let with_p = comparisons.iter_mut().filter(|found| found.p.is_some());
    for ((found, holm), adjusted) in with_p.zip(stats::holm(&p)).zip(adjusted) {
        (found.p_holm, found.p_adjusted) = (Some(holm), Some(adjusted));
    }
}
