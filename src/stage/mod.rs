//! What each kind of stage is: its parameters, its ports and, for kinds that need no libtorch, how it runs.

pub mod job;
pub mod predict;
pub mod pretrain;
pub mod report;
pub mod train;
