//! Sections that pages are made of. Each has an id of its own: the script puts the new one in the place of the old.

pub(super) mod curves;
pub(super) mod graph;
pub(super) mod headline;
pub(super) mod log;
pub(super) mod made;
mod preview;
pub(super) mod running;
pub(super) mod sheet;
pub(super) mod trouble;
