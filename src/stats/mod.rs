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
//! 4. [`auc`], [`delong`], [`Pair`]: calculation. [`Interval`], [`PairedTest`], [`exact_interval`], [`holm`]: conclusion.
//!
//! What the data cannot answer is an [`Undefined`] with its reason, never a NaN and never a filled-in number. One statistic is
//! one file: a new one takes `Placements`, `Roc` or `Scores` and is listed below.

mod auc;
pub mod delong;
mod exact_interval;
mod holm;
mod interval;
mod level;
pub mod normal;
mod paired;
mod placements;
#[cfg(test)]
mod properties;
pub mod proportion;
mod reference;
mod roc;
mod scores;
pub mod special;
mod undefined;

pub use auc::auc;
pub use exact_interval::exact_interval;
pub use holm::holm;
pub use interval::Interval;
pub use level::{InvalidLevel, Level};
pub use paired::{Basis, Pair, PairedTest, Unpaired};
pub use placements::Placements;
pub use reference::{InvalidReference, MAX_SUBJECTS, Reference};
pub use roc::{Point, Roc};
pub use scores::{InvalidScores, Scores};
pub use undefined::Undefined;
