//! Tables, figures and prose from the results, and the place where people find them.

mod provenance;
mod publish;

pub use provenance::provenance;
pub use publish::{PROVENANCE, publish};
