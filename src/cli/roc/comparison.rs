//! Two curves: the difference of their areas, first minus second, and whether it may be chance.

use rayon::prelude::*;
use serde::Serialize;

use super::arguments::{Adjustment, TestMethod};
use super::curve::limits;
use super::method::Method;
use super::sample::{Ranking, Rankings};
use crate::stats::special::student;
use crate::stats::{
    self, Exchange, Interval, Pair, PairedTest, auc, benjamini_hochberg, bonferroni, delong, hochberg, holm, noninferiority,
};

/// What is said about two curves; its form is a contract. What does not exist or was not asked for is null.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Comparison {
    /// The level of `--by` that both belong to.
    pub(super) group: Option<String>,
    /// The score, where `a` and `b` are two levels of `--by`.
    pub(super) score: Option<String>,
    pub(super) a: String,
    pub(super) b: String,
    /// Subjects that the comparison stands on; of both curves together where they are unpaired.
    pub(super) n_complete: usize,
    /// `paired`, `unpaired` or `clustered`.
    pub(super) design: &'static str,
    pub(super) difference: Option<f64>,
    pub(super) se: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
    pub(super) z: Option<f64>,
    /// Student's t instead of z where the curves are unpaired, and its degrees of freedom.
    pub(super) t: Option<f64>,
    pub(super) df: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) p_holm: Option<f64>,
    /// p by the adjustment that was asked for.
    pub(super) p_adjusted: Option<f64>,
    /// That `a` is worse by the margin or more: z and one-sided p.
    pub(super) noninferiority_z: Option<f64>,
    pub(super) noninferiority_p: Option<f64>,
    /// Why something is null that was asked for.
    pub(super) undefined: Option<String>,
}

/// All pairs of curves in column order.
pub(super) fn all(rankings: &Rankings, method: &Method) -> Vec<Comparison> {
    let study = rankings.study();
    let curves = study.scores.len();
    let pairs: Vec<(usize, usize)> = (0..curves).flat_map(|a| (a + 1..curves).map(move |b| (a, b))).collect();
    let compare = |&(a, b): &(usize, usize)| {
        let [name_a, name_b] = [a, b].map(|at| study.scores[at].name.clone());
        let mut found = Comparison { group: study.level.clone(), a: name_a, b: name_b, ..Comparison::default() };
        let outcome = match method.arguments.unpaired {
            true => rankings.apart(a, b).and_then(|[first, second]| found.independent(first, second, method)),
            false => rankings.pair(a, b).and_then(|pair| found.paired(&pair[0], &pair[1], method)),
        };
        found.undefined = outcome.err();
        found
    };
    adjusted(pairs.par_iter().map(compare).collect(), method)
}

/// The levels of `--by` against each other, score by score: other subjects, hence unpaired.
pub(super) fn between_groups(levels: &[Rankings], method: &Method) -> Vec<Comparison> {
    let mut comparisons = vec![];
    for (at, score) in levels.first().map_or(&[][..], |level| &level.study().scores).iter().enumerate() {
        for (position, first) in levels.iter().enumerate() {
            for second in &levels[position + 1..] {
                let [a, b] = [first, second].map(|level| level.study().level.clone().unwrap_or_default());
                let mut found = Comparison { score: Some(score.name.clone()), a, b, ..Comparison::default() };
                let curves = first.curve(at).and_then(|first| Ok([first, second.curve(at)?]));
                found.undefined = curves.and_then(|[first, second]| found.independent(first, second, method)).err();
                comparisons.push(found);
            }
        }
    }
    adjusted(comparisons, method)
}

impl Comparison {
    fn paired(&mut self, first: &Ranking, second: &Ranking, method: &Method) -> Result<(), String> {
        self.n_complete = first.placements.reference().subjects();
        let pair = Pair::new(&first.placements, &second.placements).map_err(|error| error.to_string())?;
        self.difference = Some(pair.difference());
        self.design = if first.clusters.is_some() { "clustered" } else { "paired" };
        match method.arguments.test {
            TestMethod::Delong => self.normal(&pair, first, method)?,
            TestMethod::Permutation => self.permutation(first, second, &pair, method)?,
            TestMethod::Bootstrap => self.bootstrap(first, second, &pair, method)?,
        }
        self.noninferior(&pair, method)
    }

    /// By DeLong's variance, or Obuchowski's where there are clusters.
    fn normal(&mut self, pair: &Pair<'_>, first: &Ranking, method: &Method) -> Result<(), String> {
        let (variance, test) = match &first.clusters {
            None => (pair.variance(), pair.test()),
            Some(clusters) => {
                let clustered = pair.clustered(clusters).map_err(|error| error.to_string())?;
                (clustered.variance(), pair.test_clustered(&clustered))
            }
        };
        let variance = variance.map_err(|why| why.to_string())?;
        self.se = Some(variance.sqrt());
        let PairedTest { z, p, .. } = test.map_err(|why| why.to_string())?;
        (self.z, self.p) = (Some(z), Some(p));
        (self.ci_low, self.ci_high) = limits(Some(Interval::normal(pair.difference(), variance, method.level)));
        Ok(())
    }

    /// p by exchanging ranks; standard error and interval stay DeLong's, where they exist.
    fn permutation(&mut self, first: &Ranking, second: &Ranking, pair: &Pair<'_>, method: &Method) -> Result<(), String> {
        let exchange = Exchange::new(&first.scores, &second.scores).map_err(|error| error.to_string())?;
        let seed = method.seed(&format!("{} {}", self.a, self.b));
        self.p = Some(exchange.test(&seed, method.arguments.replicates()).p());
        self.se = pair.variance().ok().map(f64::sqrt);
        (self.ci_low, self.ci_high) = limits(pair.interval(method.level).ok());
        Ok(())
    }

    /// z by the standard error of the replicates, the interval by their percentiles.
    fn bootstrap(&mut self, first: &Ranking, second: &Ranking, pair: &Pair<'_>, method: &Method) -> Result<(), String> {
        let bootstrap = method.bootstrap(first, &format!("{} {}", self.a, self.b))?;
        let replicates = bootstrap.differences(&first.scores, &second.scores).map_err(|error| error.to_string())?;
        self.se = Some(replicates.variance().map_err(|why| why.to_string())?.sqrt());
        let test = replicates.test(pair.difference()).map_err(|why| why.to_string())?;
        (self.z, self.p) = (Some(test.z), Some(test.two_sided()));
        (self.ci_low, self.ci_high) = limits(replicates.percentile(method.level).ok());
        Ok(())
    }

    fn independent(&mut self, first: &Ranking, second: &Ranking, method: &Method) -> Result<(), String> {
        let [one, other] = [&first.placements, &second.placements];
        self.design = "unpaired";
        self.n_complete = one.reference().subjects() + other.reference().subjects();
        let difference = auc(one) - auc(other);
        self.difference = Some(difference);
        let variance = |curve| delong::variance(curve).map_err(|why| why.to_string());
        let error = (variance(one)? + variance(other)?).sqrt();
        self.se = Some(error);
        let test = stats::independent(one, other).map_err(|why| why.to_string())?;
        (self.t, self.df, self.p) = (Some(test.t), Some(test.freedom), Some(test.two_sided()));
        let half = student::critical(2.0 * method.level.tail(), test.freedom) * error;
        (self.ci_low, self.ci_high) = (Some(difference - half), Some(difference + half));
        Ok(())
    }

    fn noninferior(&mut self, pair: &Pair<'_>, method: &Method) -> Result<(), String> {
        if let Some(margin) = method.margin {
            let test = noninferiority(pair, margin).map_err(|why| why.to_string())?;
            (self.noninferiority_z, self.noninferiority_p) = (Some(test.z), Some(test.p_greater()));
        }
        Ok(())
    }
}

/// Adjusts within one family: all comparisons of a table that have a p.
fn adjusted(mut comparisons: Vec<Comparison>, method: &Method) -> Vec<Comparison> {
    let p: Vec<f64> = comparisons.iter().filter_map(|found| found.p).collect();
    let adjusted = match method.arguments.adjust {
        Adjustment::Holm => holm(&p),
        Adjustment::Bonferroni => bonferroni(&p),
        Adjustment::Hochberg => hochberg(&p),
        Adjustment::Bh => benjamini_hochberg(&p),
        Adjustment::None => p.clone(),
    };
    let with_p = comparisons.iter_mut().filter(|found| found.p.is_some());
    for ((found, holm), adjusted) in with_p.zip(holm(&p)).zip(adjusted) {
        (found.p_holm, found.p_adjusted) = (Some(holm), Some(adjusted));
    }
    comparisons
}
