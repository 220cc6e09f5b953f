//! What `bgh roc` can be asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::rule::{Partial, Rule};

/// Arguments of `bgh roc`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// A table with a row a subject; `-` reads standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) table: PathBuf,

    /// Column of the reference standard
    ///
    /// May be left out where exactly one column is called truth, label, class, outcome, target, reference, diagnosis, status or y.
    #[arg(long, value_name = "COLUMN", help_heading = TABLE)]
    pub(super) truth: Option<String>,

    /// Values of that column that are positive; may be left out for 0/1 and TRUE/FALSE
    #[arg(long, value_name = "VALUE", value_delimiter = ',', help_heading = TABLE)]
    pub(super) positive: Vec<String>,

    /// Columns of scores; left out: every other column of numbers
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = TABLE)]
    pub(super) scores: Vec<String>,

    /// Lower scores are more suspicious: of all columns, or with `=COLUMN,…` of those
    ///
    /// The direction is never chosen from the data, because that makes every AUC larger than it is.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', num_args = 0.., require_equals = true, help_heading = TABLE)]
    pub(super) lower_is_positive: Option<Vec<String>>,

    /// Analyse each level of this column on its own, and compare the levels with each other
    #[arg(long, value_name = "COLUMN", conflicts_with = "cluster", help_heading = TABLE)]
    pub(super) by: Option<String>,

    /// Rows of one value of this column belong together, as slices of a patient do (Obuchowski 1997)
    #[arg(long, value_name = "COLUMN", help_heading = TABLE)]
    pub(super) cluster: Option<String>,

    /// What stands between cells: a character or `tab`; left out: seen from the table
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = TABLE)]
    pub(super) delimiter: Option<u8>,

    /// The first line is data; columns are called 1, 2, …
    #[arg(long, help_heading = TABLE)]
    pub(super) no_header: bool,

    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, help_heading = AREA)]
    pub(super) level: f64,

    /// Interval of an AUC [default: delong; percentile with --bootstrap]
    #[arg(long, value_name = "METHOD", value_enum, help_heading = AREA)]
    pub(super) interval: Option<IntervalMethod>,

    /// Area over a part of the curve as well: `specificity=0.9..1` or `sensitivity=0.8..1`
    #[arg(long, value_name = "RANGE", conflicts_with = "cluster", help_heading = AREA)]
    pub(super) partial: Option<Partial>,

    /// Test of two AUCs
    #[arg(long, value_name = "METHOD", value_enum, default_value_t, help_heading = COMPARISON)]
    pub(super) test: TestMethod,

    /// Scores of one row belong to one subject, and a pair of curves is compared on the subjects that have both; the default
    #[arg(long, conflicts_with = "unpaired", help_heading = COMPARISON)]
    pub(super) paired: bool,

    /// Compare the curves as if they came from different subjects
    #[arg(long, conflicts_with = "cluster", help_heading = COMPARISON)]
    pub(super) unpaired: bool,

    /// Adjustment of p for the number of comparisons
    #[arg(long, value_name = "METHOD", value_enum, default_value_t, help_heading = COMPARISON)]
    pub(super) adjust: Adjustment,

    /// Also test whether the first of two AUCs is at most MARGIN below the second
    #[arg(long, value_name = "MARGIN", conflicts_with_all = ["cluster", "unpaired"], help_heading = COMPARISON)]
    pub(super) noninferiority: Option<f64>,

    /// Bootstrap with N samples: short for `--interval percentile --replicates N`
    #[arg(long, value_name = "N", value_parser = replicates(), conflicts_with = "replicates", help_heading = RESAMPLING)]
    pub(super) bootstrap: Option<u32>,

    /// Number of bootstrap samples or permutations
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = replicates(), help_heading = RESAMPLING)]
    pub(super) replicates: u32,

    /// Seed of the random numbers; the same seed gives the same numbers on any machine and any number of threads
    #[arg(long, value_name = "SEED", default_value_t = 2017, help_heading = RESAMPLING)]
    pub(super) seed: u64,

    /// Sensitivity, specificity and so on where the curve is cut: youden, closest, sensitivity=0.9, specificity=0.9, threshold=0.5
    ///
    /// A threshold that is chosen on the subjects that judge it makes its own sensitivity and specificity look too good; --tuning
    /// chooses it elsewhere.
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = OPERATING)]
    pub(super) operating_point: Vec<Rule>,

    /// Choose the thresholds on this table, which has the same columns
    #[arg(long, value_name = "FILE", requires = "operating_point", value_hint = ValueHint::FilePath, help_heading = OPERATING)]
    pub(super) tuning: Option<PathBuf>,

    /// Predictive values for this prevalence; left out: for that of the table
    #[arg(long, value_name = "SHARE", requires = "operating_point", help_heading = OPERATING)]
    pub(super) prevalence: Option<f64>,

    /// Interval of a share, such as a sensitivity
    #[arg(long, value_name = "METHOD", value_enum, default_value_t, requires = "operating_point", help_heading = OPERATING)]
    pub(super) proportion: ProportionMethod,

    /// One JSON object with full precision
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,

    /// Write curves.csv, comparisons.csv and operating_points.csv into this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = OUTPUT)]
    pub(super) csv: Option<PathBuf>,

    /// Draw the curves; the ending says how: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing, value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(super) plot: Option<PathBuf>,

    /// Write every point of every curve as CSV
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(super) points: Option<PathBuf>,

    /// Say nothing on standard error about what was assumed
    #[arg(long, short, help_heading = OUTPUT)]
    pub(super) quiet: bool,
}

impl Arguments {
    pub(super) fn interval(&self) -> IntervalMethod {
        let usual = if self.bootstrap.is_some() { IntervalMethod::Percentile } else { IntervalMethod::Delong };
        self.interval.unwrap_or(usual)
    }

    /// Number of bootstrap samples or permutations.
    pub(super) fn replicates(&self) -> u32 {
        self.bootstrap.unwrap_or(self.replicates)
    }
}

const TABLE: &str = "Table";
const AREA: &str = "Areas";
const COMPARISON: &str = "Comparisons";
const RESAMPLING: &str = "Resampling";
const OPERATING: &str = "Operating points";
const OUTPUT: &str = "Output";

const EXAMPLES: &str = "\
Examples:
  bgh roc scores.csv
      every column of numbers against the column called truth, label, …
  bgh roc scores.csv --truth diagnosis --positive left,right --scores alexnet,googlenet
  gunzip -c scores.csv.gz | bgh roc - --json | jq .curves[0].auc
  bgh roc scores.csv --interval logit --plot roc.svg --csv tables
  bgh roc scores.csv --bootstrap 2000 --seed 7
  bgh roc test.csv --operating-point sensitivity=0.95 --tuning tune.csv --prevalence 0.02
  bgh roc slices.csv --cluster patient
  bgh roc scores.csv --by scanner --adjust none

Table:
  Commas, semicolons, tabs, bars or blanks part the cells; quotes, a byte-order mark, CRLF, and R's column of row names are
  understood. A missing value is an empty cell, NA, NaN, null, `.` or `-`. A subject without a truth is left out; one without
  a score is left out of that curve, and out of the comparisons with it.

Methods:
  The AUC is the Mann-Whitney probability with ties counted half, and its variance that of DeLong (1988). At an AUC of 1 or 0
  that variance is 0, and an exact bound is given. What the data cannot answer is left empty, with the reason beside it.
  A difference is always the first curve minus the second; its p is two-sided.";

/// How the interval of an AUC is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IntervalMethod {
    /// AUC ± z SE, cut at 0 and 1
    Delong,
    /// The same on the logit scale, with the exact bound at 0 and 1: covers better near 1
    Logit,
    /// Percentiles of a bootstrap stratified by class
    Percentile,
    /// That bootstrap, corrected for bias and acceleration
    Bca,
}

/// How two AUCs are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum TestMethod {
    /// Normal law of the difference by DeLong's variance (Student's t where the curves are unpaired)
    #[default]
    Delong,
    /// Exchange of the two curves' ranks within subjects; exact for few subjects
    Permutation,
    /// Normal law of the difference by the variance of a paired bootstrap
    Bootstrap,
}

/// What is done about the number of comparisons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Adjustment {
    /// Holm's step-down: any dependence
    #[default]
    Holm,
    /// Bonferroni's
    Bonferroni,
    /// Hochberg's step-up: independent or positively dependent tests
    Hochberg,
    /// Benjamini and Hochberg's false discovery rate
    Bh,
    /// Leave p as it is
    None,
}

/// How the interval of a share is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ProportionMethod {
    /// Exact: covers at least as often as it says
    #[default]
    ClopperPearson,
    /// Of the score test: covers as often as it says on average
    Wilson,
}

fn replicates() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(100..=10_000_000)
}

fn drawing(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg" | "png") => Ok(path),
        _ => Err("the name has to end in .svg or .png".to_owned()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] => Ok(*byte),
        _ => Err("give one ASCII character, or `tab`".to_owned()),
    }
}
