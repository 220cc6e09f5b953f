//! Tables as other programs write them: R, pandas, spreadsheets. One pass over the rows, straight into the columns that were asked
//! for, so that a table of any length costs 8 bytes a cell that was asked for and is read as fast from a pipe as from a file.
//!
//! 1. [`Format`]: what the user says about the form; what he does not say is seen from the first lines.
//! 2. [`Reader::open`] looks at those lines; its [`Header`] finds columns by name.
//! 3. [`Reader::read`] fills a [`Column`] for every [`Kind`] asked for, or gives the [`Faults`], each with its line and column.

mod cell;
mod column;
mod fault;
mod format;
mod header;
mod reader;

pub use column::{Column, Kind, Labels, Numbers};
pub use fault::{Advice, Fault, Faults};
pub use format::Format;
pub(crate) use format::text;
pub use header::Header;
pub use reader::Reader;
