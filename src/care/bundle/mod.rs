//! One run, or one spec whose results are all there, as a single file: a compressed tar archive that another cache takes in.
//!
//! ```text
//! bundle.json        what follows, with the length of every file ([`Contents`])
//! records/<key>      what each action made
//! journal/<name>     the journal of the run, where it is one
//! blobs/<digest>     the bytes of results and, where asked for, of source files
//! ```
//!
//! Names, order, times and owners in the archive are fixed by its contents, so the same contents give the same bytes. Nothing in an
//! archive is believed: names are parsed and never joined to a path, lengths are those that were declared, and every digest is
//! computed again before anything is taken in.

mod contents;
mod export;
mod import;

pub use contents::{Contents, FORMAT};
pub use export::Export;
pub use import::{Import, Taken};
