//! `bgh` turns one TOML file into a finished comparison of classifiers.
//!
//! 1. [`spec`]: what the author wrote, read with every fault reported at once.
//! 2. [`plan`]: what it means, a graph of content-hashed steps. Pure: nothing is executed here.
//! 3. [`execute`]: one loop that runs what has no result yet and keeps every artifact in the [`store`].
//! 4. [`report`]: tables, figures and prose from the results.
//!
//! [`history`] keeps what happened in each run, [`care`] looks after the store, and [`remote`] shares it. Beside the flow stand [`stage`] (what each kind of stage is), [`artifact`] (the
//! files that stages exchange) and the field: [`dicom`], [`imaging`], [`stats`], [`phantom`], which know nothing of the flow.
//! [`labels`] and [`table`] read the tables of authors and of other programs.

pub mod care;
pub mod cli;
mod document;
pub mod execute;
pub mod history;
pub mod plan;
pub mod remote;
pub mod report;
pub mod serve;
pub mod site;
pub mod slurm;
pub mod spec;
pub mod stage;
pub mod store;

pub use bgh_field::{artifact, dicom, imaging, labels, phantom, seed, stats, table, weights};
