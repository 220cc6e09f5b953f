//! What each kind of stage is: its parameters, its ports and, for kinds that need no libtorch, how it runs.

pub mod augment;
pub mod ingest;
pub mod job;
pub mod predict;
pub mod pretrain;
pub mod train;
pub mod window;
