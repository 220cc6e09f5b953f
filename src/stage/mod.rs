//! What each kind of stage is: its parameters, its ports and, for kinds that need no libtorch, how it runs.

pub mod augment;
pub mod compare;
pub mod ingest;
pub mod job;
mod kind;
pub mod phantom;
pub mod predict;
pub mod pretrain;
pub mod train;
pub mod window;

pub use kind::{Kind, Run, Task};

/// The libtorch that worker kinds run on; part of their keys. The worker refuses to start with another.
pub const LIBTORCH: &str = "2.11.0";
