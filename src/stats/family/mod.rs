//! Many tests at once: p-values adjusted for the family that they belong to. A family is exactly what is given; its p-values are
//! in [0, 1], as every test here makes them.

mod benjamini_hochberg;
mod benjamini_yekutieli;
mod bonferroni;
mod hochberg;
mod holm;
mod step_up;

pub use benjamini_hochberg::benjamini_hochberg;
pub use benjamini_yekutieli::benjamini_yekutieli;
pub use bonferroni::bonferroni;
pub use hochberg::hochberg;
pub use holm::holm;
