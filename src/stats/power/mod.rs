//! How many subjects a study needs, and what it can see with those it has.
//!
//! 1. [`Significance`] and [`Power`]: the two errors that a study is planned for.
//! 2. [`NormalTest`]: a difference to be seen, and its variance without it and with it. [`one_area`] and [`two_areas`] make
//!    one; sizes, powers and levels follow from it in one way.
//! 3. [`hanley_mcneil`]: the same for one area without a pilot's scores. [`area_width`], [`proportion_width`]: how many for an
//!    interval as narrow as wanted.
//!
//! Sizes of [`NormalTest`] are not rounded: round the cases up, then the controls.

mod error_rates;
pub mod hanley_mcneil;
mod normal_test;
mod one_area;
#[cfg(test)]
mod properties;
mod search;
mod two_areas;
mod width;

pub use error_rates::{InvalidErrorRate, Power, Sides, Significance};
pub use normal_test::NormalTest;
pub use one_area::{detectable_area, one_area};
pub use two_areas::{NullVariance, two_areas};
pub use width::{area_width, proportion_width};
