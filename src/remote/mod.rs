//! A cache that several machines share over the network, or on a disk that they all see: blobs under their digests and records under
//! their keys, as in the cache of one machine, in S3, Google Cloud Storage, Azure or a plain folder.
//!
//! - Nothing that is read is believed before it has been held against its digest, and nothing is seen in the local cache before all of it
//!   is there: what was fetched is taken in as what was made.
//! - Blobs are sent before the record that names them, and a record is never changed, so half a result is invisible and writers need no
//!   locks: two who send the same result send the same bytes to the same names.
//! - The remote is a help and no need. A request is tried a few times; then the run goes on without it and says so once.
//! - Credentials are taken from the environment by the client library and never shown: `trouble` cleans what it says.

mod collection;
mod exchange;
mod fetch;
mod layout;
mod location;
mod pace;
mod send;
mod trouble;
mod uploader;
mod uses;

pub use collection::{Clearance, Heap, Keeping};
pub use exchange::{Remote, Tally};
pub use fetch::Fetched;
pub use location::Location;
pub use send::Sent;
pub use trouble::Trouble;
pub use uploader::Uploader;
