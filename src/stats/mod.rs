//! How well scores tell cases from controls, and whether one score does it better than another.
//!
//! One convention throughout: a **case** has the condition, a **control** has not, and a **higher score is more suspicious**. The
//! direction is never guessed from the data, because guessing biases the area under the curve upwards. Scores are compared
//! exactly: equal doubles are ties, anything else is not; `-0` equals `0`, and ±∞ are ordinary scores at the ends.
//!
//! 1. [`Reference`]: who is a case. Shared by every curve of a study, so that pairing is checked and not assumed.
//! 2. [`Scores`]: one score a subject, sorted once.
//! 3. [`Placements`] and [`Roc`]: walks over the tie groups of that one sort. Placements are integers, so that everything made
//!    of them is exact up to a last division and independent of the order of the subjects.
//! 4. [`auc`], [`delong`], [`Pair`]: calculation. [`Interval`], [`PairedTest`], [`sound_interval`], [`holm`]: conclusion.
//!
//! The folders are the questions: `curve` what a score does at every threshold, `area` how well one score tells, `contrast`
//! whether one tells better than another, `family` what many such tests amount to, [`resample`] how precise any of it is without
//! a formula. [`decision`] is what follows from one threshold, [`proportion`] the shares counted there, [`calibration`] whether
//! [`Probabilities`] mean what they say, [`multiclass`] more than two classes, [`power`] how many subjects a study needs.
//! [`special`] has the laws behind them.
//!
//! What the data cannot answer is an [`Undefined`] with its reason, never a NaN and never a filled-in number. One statistic is
//! one file: a new one takes `Placements`, `Roc` or `Scores` and is listed in its folder and below.

mod area;
pub mod calibration;
mod clusters;
mod contrast;
mod curve;
pub mod decision;
mod family;
mod interval;
mod level;
pub mod multiclass;
pub mod normal;
pub mod power;
mod prevalence;
mod probabilities;
#[cfg(test)]
mod properties;
pub mod proportion;
mod reference;
pub mod resample;
mod scores;
pub mod special;
mod undefined;
mod ztest;

pub use area::{
    Band, Binormal, Clustered, IntervalMethod, InvalidBand, MannWhitney, SoundInterval, against, auc, average_precision,
    delong, design_effect, effective_units, exact_interval, hanley_mcneil, largest_variance, logit_interval, mcclish,
    partial_area, sound_interval,
};
pub use clusters::{Clusters, InvalidClusters};
pub use contrast::{
    Basis, Equivalence, Exchange, IndependentTest, InvalidMargin, Joint, JointTest, Margin, Pair, PairedTest, PermutationTest,
    Unpaired, Venkatraman, equivalence, independent, noninferiority,
};
pub use curve::{Axis, Coordinates, Placements, Point, Roc};
pub use family::{benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm};
pub use interval::Interval;
pub use level::{InvalidLevel, Level};
pub use prevalence::{InvalidPrevalence, Prevalence};
pub use probabilities::{InvalidProbabilities, Probabilities};
pub use reference::{InvalidReference, MAX_SUBJECTS, Reference};
pub use scores::{InvalidScores, Scores};
pub use undefined::Undefined;
pub use ztest::ZTest;
