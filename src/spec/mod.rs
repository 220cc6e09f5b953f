//! What the author wrote, and what it means.

mod experiment;

pub use crate::stage::compare::Aggregate;
pub use experiment::{Cohort, Compare, Evaluate, Experiment, Factor, Images, Model, Source, Split, Start};
