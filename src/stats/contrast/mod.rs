//! Areas against each other: by how much they differ, and whether chance explains it.

mod paired;

pub use paired::{Basis, Pair, PairedTest, Unpaired};
