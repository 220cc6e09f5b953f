//! Everything that is said about a table, for people and machines alike.

use clap::ValueEnum;
use serde::Serialize;

use super::comparison::{self, Comparison};
use super::curve::Curve;
use super::joint::Joint;
use super::method::Method;
use super::operating_point::{self, OperatingPoint};
use super::sample::Rankings;
use super::study::Study;

/// The answer; its form is a contract: fields may follow, none is renamed or dropped.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    pub(super) whole: Part,
    /// Rows without a truth or a cluster.
    pub(super) n_excluded: usize,
    /// Which subjects are positive: `label = 1`.
    pub(super) positive: String,
    pub(super) level: f64,
    pub(super) interval: String,
    /// The part of the curve whose area is `partial_auc`.
    pub(super) partial: Option<String>,
    pub(super) test: String,
    pub(super) adjust: String,
    pub(super) proportion: String,
    /// The same for each level of `--by`.
    pub(super) groups: Vec<Part>,
    /// The levels of `--by` against each other, score by score.
    pub(super) between_groups: Vec<Comparison>,
    /// What was assumed.
    pub(super) notes: Vec<String>,
}

/// What is said about the subjects of a table, or about those of one level of `--by`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    pub(super) group: Option<String>,
    pub(super) n_positive: usize,
    pub(super) n_negative: usize,
    pub(super) curves: Vec<Curve>,
    pub(super) comparisons: Vec<Comparison>,
    /// Whether all areas are equal; null for fewer than three curves, unpaired or clustered ones.
    pub(super) joint: Option<Joint>,
    pub(super) operating_points: Vec<OperatingPoint>,
}

impl Answer {
    /// Answers for `rankings`: the whole table, then the levels of `--by`.
    pub(super) fn of(study: &Study, rankings: &[Rankings], tuning: Option<&Rankings>, method: &Method) -> Self {
        let arguments = method.arguments;
        let mut parts = rankings.iter().map(|rankings| Part::of(rankings, tuning, method));
        Self {
            whole: parts.next().expect("BUG: the whole table is the first part"),
            groups: parts.collect(),
            between_groups: comparison::between_groups(&rankings[1..], method),
            n_excluded: study.excluded,
            positive: study.positive.clone(),
            level: arguments.level,
            interval: spelt(arguments.interval()),
            partial: arguments.partial.as_ref().map(|partial| partial.text.clone()),
            test: spelt(arguments.test),
            adjust: spelt(arguments.adjust),
            proportion: spelt(arguments.proportion),
            notes: study.notes.clone(),
        }
    }

    /// The whole table and the levels.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.whole).chain(&self.groups)
    }
}

impl Part {
    fn of(rankings: &Rankings, tuning: Option<&Rankings>, method: &Method) -> Self {
        let study = rankings.study();
        let positive = study.is_case.iter().filter(|case| **case).count();
        let independent = study.cluster.is_none() && !method.arguments.unpaired;
        Self {
            group: study.level.clone(),
            n_positive: positive,
            n_negative: study.is_case.len() - positive,
            curves: rankings.curves().map(|(score, ranking)| Curve::of(score, ranking, study, method)).collect(),
            comparisons: comparison::all(rankings, method),
            joint: if independent { Joint::of(rankings) } else { None },
            operating_points: operating_point::all(rankings, tuning, method),
        }
    }
}

/// A choice as it is written on the command line.
fn spelt(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
