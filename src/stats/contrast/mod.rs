//! Areas against each other: by how much they differ, and whether chance explains it.

mod clustered;
mod independent;
mod joint;
mod margin;
mod paired;
mod permutation;
mod venkatraman;

pub use independent::{IndependentTest, independent};
pub use joint::{Joint, JointTest};
pub use margin::{Equivalence, InvalidMargin, Margin, equivalence, noninferiority};
pub use paired::{Basis, Pair, PairedTest, Unpaired};
pub use permutation::{Exchange, PermutationTest};
pub use venkatraman::Venkatraman;
