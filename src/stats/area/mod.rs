//! One area under one curve: its value, its variance, its interval.

mod auc;
pub mod delong;
mod exact_interval;

pub use auc::auc;
pub use exact_interval::exact_interval;
