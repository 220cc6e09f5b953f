//! Synthetic non-contrast head CT.

mod cohort;

pub use cohort::Cohort;
