//! What the author wrote, and what it means.

mod experiment;

pub use experiment::{Aggregate, Cohort, Compare, Evaluate, Experiment, Factor, Images, Model, Source, Split, Start};
