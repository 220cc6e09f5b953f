//! The label table of a cohort: a row an exam, what tells it from others, its class, and what else the author knows.
//!
//! A row names its exam by any of `exam` (whatever the exam answers to), `study`, `accession`, `series` and, where there is none of
//! those, `patient`; several narrow each other down. Columns without a meaning here are facts of the exam.
//!
//! What reading holds grows with the file and by nothing that a cell says: a cell that asks for many slices is kept as it is written.

mod cells;
mod label;
mod part;
mod read;
mod slices;

pub use label::Label;
pub use part::Part;
pub use read::{of_bytes, of_file};
pub use slices::Slices;

/// Columns that mean something here; all others are facts of the exam.
pub const COLUMNS: [&str; 10] = ["exam", "study", "accession", "series", "patient", "class", "part", "fold", "slices", "z"];

/// Columns by which a row can name its exam.
const NAMES: [&str; 5] = ["exam", "study", "accession", "series", "patient"];
