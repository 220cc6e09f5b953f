//! Precision without a formula: what a statistic would have been on other samples, imitated by drawing from this one.
//!
//! 1. [`Sampling`]: what is drawn, subjects of each class or whole clusters. Each replicate has a random stream of its own, so that
//!    the number of threads decides nothing.
//! 2. [`Bootstrap`]: a statistic of one curve or of a pair on every replicate. The scores stay sorted as they are; a replicate says
//!    only how often each subject was drawn.
//! 3. [`Replicates`]: standard error and intervals from those values.

mod bootstrap;
mod replicates;
mod sampling;
mod weighted;

pub use bootstrap::Bootstrap;
pub use replicates::Replicates;
pub use sampling::Sampling;
