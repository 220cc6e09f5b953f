//! Care of a cache: how large it is, whether it is whole, what nobody needs, and a run as one file to take elsewhere.
//!
//! Nothing here prints. What removes is first a plan ([`Collection`]) and then its execution, and has the cache for itself meanwhile;
//! what only reads or adds goes on beside runs.

mod again;
pub mod bundle;
mod collection;
mod inventory;
mod names;
mod needs;
mod tree;
mod usage;
mod verdict;

pub use again::again;
pub use collection::{Collection, Pile, Wishes};
pub use inventory::{DamagedRecord, Inventory, Record};
pub use names::Names;
pub use usage::{Share, Usage};
pub use verdict::{DamagedBlob, MissingBlob, Verdict};
