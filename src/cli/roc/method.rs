//! The arguments once they are known to mean something.

use super::arguments::{Arguments, ProportionMethod};
use crate::stats::proportion::{Proportion, clopper_pearson, wilson};
use crate::stats::{Interval, Level, Prevalence};

/// How everything is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) level: Level,
    pub(super) prevalence: Option<Prevalence>,
}

impl<'a> Method<'a> {
    /// # Errors
    /// The argument that is out of its range, and why.
    pub(super) fn of(arguments: &'a Arguments) -> Result<Self, String> {
        Ok(Self {
            arguments,
            level: Level::new(arguments.level).map_err(|error| format!("--level: {error}"))?,
            prevalence: arguments
                .prevalence
                .map(Prevalence::new)
                .transpose()
                .map_err(|error| format!("--prevalence: {error}"))?,
        })
    }

    /// The interval of a share of subjects.
    pub(super) fn proportion(&self, proportion: Proportion) -> Interval {
        match self.arguments.proportion {
            ProportionMethod::ClopperPearson => clopper_pearson(proportion, self.level),
            ProportionMethod::Wilson => wilson(proportion, self.level),
        }
    }
}
