//! Whether predicted probabilities mean what they say: of those given 0.2, is one in five a case?
//!
//! 1. Overall: [`brier`] and its skill, [`log_loss`], [`ObservedExpected`], [`spiegelhalter`].
//! 2. By a logistic model of the outcome on the predicted log odds: [`in_the_large`] and [`slope`].
//! 3. By bins: [`Reliability`], its curve, expected and largest error. These depend on the bins, which therefore have to be
//!    told.
//!
//! Ranking is another question: an increasing map of the scores changes all of these and no area under a curve.

mod brier;
mod log_loss;
mod logistic;
mod observed_expected;
#[cfg(test)]
mod properties;
mod recalibration;
mod reliability;
mod spiegelhalter;

pub use brier::{brier, brier_skill};
pub use log_loss::log_loss;
pub use observed_expected::ObservedExpected;
pub use recalibration::{Coefficient, Recalibration, in_the_large, slope};
pub use reliability::{Bin, Binning, Reliability};
pub use spiegelhalter::spiegelhalter;
