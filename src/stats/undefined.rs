//! Why a statistic has no value. A value of its own, because undefined, missing and zero are three different things.

use thiserror::Error;

/// Why a statistic has no value on these data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Undefined {
    /// DeLong's variance divides by the number of cases minus one.
    #[error("one case only: its variance cannot be estimated")]
    OneCase,
    /// DeLong's variance divides by the number of controls minus one.
    #[error("one control only: its variance cannot be estimated")]
    OneControl,
    /// Every subject's placements differ by the same amount, so that the estimated variance of a non-zero difference is 0.
    #[error("the estimated variance of the difference is exactly 0 although the areas differ: DeLong's test does not apply")]
    NoVariance,
    /// A share of nobody: no subject is in the denominator.
    #[error("no subject to count: the share has an empty denominator")]
    NoSubject,
    /// The logarithm of a ratio needs the answer among cases and among controls.
    #[error("nobody in one of the classes gave this answer: a rate is 0, and the ratio of the rates has no finite logarithm")]
    ZeroRate,
    /// One side says the same of everybody.
    #[error("all subjects are in one class, or are all taken for one: there is no agreement beyond it to measure")]
    Constant,
    /// McNemar's statistic divides by the number of subjects on which two methods differ.
    #[error("the two methods are right on the same subjects: none is left to tell them apart")]
    NoDiscordance,
}
