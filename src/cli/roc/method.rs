//! The arguments once they are known to mean something.

use super::arguments::{Arguments, ProportionMethod, TestMethod};
use super::sample::Ranking;
use crate::seed::Seed;
use crate::stats::proportion::{Proportion, clopper_pearson, wilson};
use crate::stats::resample::{Bootstrap, Sampling};
use crate::stats::{Band, Interval, Level, Margin, Prevalence};

/// How everything is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) level: Level,
    pub(super) prevalence: Option<Prevalence>,
    pub(super) margin: Option<Margin>,
    /// The part of the curve that has an area of its own.
    pub(super) band: Option<Band>,
}

impl<'a> Method<'a> {
    /// # Errors
    /// The argument that is out of its range or does not go with another, and why.
    pub(super) fn of(arguments: &'a Arguments) -> Result<Self, String> {
        let resampled = arguments.test != TestMethod::Delong;
        if resampled && arguments.unpaired {
            return Err("--test permutation and bootstrap are for paired curves; leave --unpaired or --test out".to_owned());
        }
        if arguments.test == TestMethod::Permutation && arguments.cluster.is_some() {
            return Err("--test permutation takes rows as independent; with --cluster say --test bootstrap".to_owned());
        }
        Ok(Self {
            arguments,
            level: Level::new(arguments.level).map_err(|error| format!("--level: {error}"))?,
            prevalence: arguments
                .prevalence
                .map(Prevalence::new)
                .transpose()
                .map_err(|error| format!("--prevalence: {error}"))?,
            margin: arguments
                .noninferiority
                .map(Margin::new)
                .transpose()
                .map_err(|error| format!("--noninferiority: {error}"))?,
            band: arguments.partial.as_ref().map(|partial| partial.band),
        })
    }

    /// The interval of a share of subjects.
    pub(super) fn proportion(&self, proportion: Proportion) -> Interval {
        match self.arguments.proportion {
            ProportionMethod::ClopperPearson => clopper_pearson(proportion, self.level),
            ProportionMethod::Wilson => wilson(proportion, self.level),
        }
    }

    /// The random stream of what is called `name`.
    pub(super) fn seed(&self, name: &str) -> Seed {
        Seed::root(self.arguments.seed).child(name)
    }

    /// Draws subjects of each class, or clusters where there are any.
    pub(super) fn bootstrap(&self, ranking: &Ranking, name: &str) -> Result<Bootstrap, String> {
        let reference = ranking.placements.reference();
        let sampling = match &ranking.clusters {
            None => Sampling::stratified(reference),
            Some(clusters) => Sampling::clustered(reference, clusters).map_err(|error| error.to_string())?,
        };
        Ok(Bootstrap { sampling, seed: self.seed(name), replicates: self.arguments.replicates() })
    }
}
