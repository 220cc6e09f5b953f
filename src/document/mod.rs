//! TOML that people write: a tree in which every word knows its place, typed reading that notes every fault, and the faults as text.
//! It knows nothing of what the documents are about: specs and site files are read through it.

mod fault;
pub(crate) mod quantity;
pub(crate) mod section;
pub(crate) mod source;
pub(crate) mod tree;

pub use fault::{Fault, Faults, Place, Spot};
