//! What happened, kept for later: every run that has something to do leaves a journal in the cache.
//!
//! ```text
//! runs-v1/<id>/
//!   run.json       what was asked for, where and when ([`Header`])
//!   steps.jsonl    every step of the run, its kind, what it stands on and, if it was cached, its action ([`Entry`])
//!   events.jsonl   what happened, a line an event, written as it happens ([`Line`])
//!   lock           held by the kernel for the run while it lives
//! ```
//!
//! The folder appears whole, is only appended to afterwards, and is plain data, so status, logs, comparisons, the live page and the
//! care of the cache read the same lines. A run that died is told from one that lives by its lock alone.

mod difference;
mod ending;
mod entry;
mod header;
mod journal;
mod line;
mod looks;
mod measures;
mod run;
mod runs;
mod side;
mod standing;
mod tail;

pub use difference::{Difference, Shared};
pub use ending::Ending;
pub use entry::Entry;
pub use header::{Header, now};
pub use journal::Journal;
pub use line::Line;
pub use looks::{LOOKS, Look, looks, repeated, table};
pub use measures::{Area, CellChange, Measure, TableChange};
pub use run::Run;
pub use runs::{NoRun, Runs};
pub use side::Side;
pub use standing::{Failed, Job, Running, Standing};
pub use tail::Tail;
