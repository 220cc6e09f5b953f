//! Many tests at once: p-values adjusted for the family that they belong to.

mod holm;

pub use holm::holm;
