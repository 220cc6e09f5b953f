//! More than two classes, such as none, right and left.
//!
//! 1. [`ClassScores`]: one true class and one score a class for every subject.
//! 2. [`OneVsRest`] and [`OneVsOne`]: what the areas of two-class curves amount to. They answer different questions: the first
//!    changes with how common the classes are, the second does not.
//! 3. [`ClassScores::confusion`] for what [`super::decision`] makes of predicted classes; [`brier`] for the probabilities.

mod brier;
mod class_scores;
mod joint_covariance;
mod one_vs_one;
mod one_vs_rest;
#[cfg(test)]
mod properties;

pub use brier::brier;
pub use class_scores::{ClassScores, InvalidClassScores};
pub use joint_covariance::joint_covariance;
pub use one_vs_one::{ClassPair, OneVsOne};
pub use one_vs_rest::OneVsRest;
