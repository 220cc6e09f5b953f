//! Proportions: sensitivities, specificities, predictive values, accuracies.
//!
//! 1. [`Proportion`] and [`PairedProportions`]: counts. Rates follow from them, never the other way round.
//! 2. One file an interval. [`clopper_pearson`] never covers less than its level; [`wilson`] covers it on average and is
//!    shorter (Agresti & Coull 1998, Am Stat 52:119; Brown, Cai & DasGupta 2001, Stat Sci 16:101). [`newcombe`] is for the
//!    difference of two proportions of the same subjects.

mod agresti_coull;
mod clopper_pearson;
mod jeffreys;
mod newcombe;
mod paired;
#[cfg(test)]
mod properties;
mod share;
mod wilson;

pub use agresti_coull::agresti_coull;
pub use clopper_pearson::clopper_pearson;
pub use jeffreys::jeffreys;
pub use newcombe::newcombe;
pub use paired::PairedProportions;
pub use share::Proportion;
pub use wilson::{wilson, wilson_corrected};
