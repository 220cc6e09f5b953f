//! One area under one curve: its value, its variance, its interval.

mod against;
mod auc;
mod average_precision;
mod binormal;
mod clustered;
pub mod delong;
mod exact_interval;
pub mod hanley_mcneil;
mod influence;
mod largest_variance;
mod logit;
mod mann_whitney;
mod partial;
mod sound_interval;

pub use against::against;
pub use auc::auc;
pub use average_precision::average_precision;
pub use binormal::Binormal;
pub use clustered::{Clustered, design_effect, effective_units};
pub use exact_interval::exact_interval;
pub use largest_variance::largest_variance;
pub use logit::logit_interval;
pub use mann_whitney::MannWhitney;
pub use partial::{Band, InvalidBand, mcclish, partial_area};
pub use sound_interval::{IntervalMethod, SoundInterval, sound_interval};
