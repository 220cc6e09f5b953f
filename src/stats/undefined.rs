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
    /// The logarithmic score of a probability of 0 for what then happened.
    #[error("something happened that was given a probability of 0: the logarithmic score is infinite")]
    CertainAndWrong,
    /// A ratio to a sum of probabilities that is 0.
    #[error("every probability is 0: no case was expected, and nothing can be divided by that")]
    NothingExpected,
    /// Spiegelhalter's statistic divides by the variance of the Brier score.
    #[error("every probability is 0, 1/2 or 1: the Brier score cannot vary, so it cannot be tested")]
    NoUncertainty,
    /// A logistic model needs finite log odds.
    #[error("a probability is 0 or 1: its log odds are infinite, and no logistic model can use them")]
    InfiniteLogOdds,
    /// A slope needs more than one value to run through.
    #[error("all probabilities are equal: there is no slope to estimate")]
    EqualProbabilities,
    /// The likelihood grows without end.
    #[error("a threshold parts all cases from all controls: the slope of a logistic model would be infinite")]
    Separation,
    /// A covariance needs every subject on every curve.
    #[error("the curves are not over the same subjects: their areas have no covariance to estimate")]
    OtherSubjects,
    /// No number of subjects shows a difference of 0.
    #[error("there is no difference to see: no number of subjects is enough")]
    NoEffect,
    /// A variance made of others came out below 0.
    #[error("this convention gives a negative variance; exchange the curves or take the variance of the difference")]
    NegativeVariance,
    /// Nothing within bounds does what is wanted.
    #[error("no admissible number reaches what is wanted; ask for less")]
    Unreachable,
    /// A planned area, power, ratio or width that no study can have.
    #[error(
        "a planned area has to be between 0 and 1, a power at least 1/2, a ratio, a number of subjects and a width above 0"
    )]
    OutOfRange,
    /// Every case is parted from every control, so that the estimated variance of the area is 0.
    #[error("complete separation: the estimated variance is 0 and says nothing; give the exact interval")]
    CompleteSeparation,
    /// Every case ties with every control.
    #[error("all scores are equal: they hold no information on the area")]
    NoInformation,
    /// McClish's scale runs from chance upwards.
    #[error("the area is below the diagonal, where its correction is not defined")]
    BelowDiagonal,
    /// The between-cluster variance divides by the number of clusters minus one.
    #[error("all cases or all controls are in one cluster: the variance between clusters cannot be estimated")]
    OneCluster,
    /// A line needs two different points within the curve.
    #[error("fewer than two sensitivities strictly between 0 and 1: no smooth curve can be fitted")]
    TooFewPoints,
    /// The resampled values do not vary, or none has both classes.
    #[error("the replicates do not vary: resampling says nothing about the precision")]
    DegenerateReplicates,
    /// The correction of a bootstrap interval leaves the scale.
    #[error("the estimate lies outside its replicates, or its law is too skewed: the interval cannot be corrected for that")]
    TooSkewed,
}
