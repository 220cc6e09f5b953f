//! The worker of `bgh`: one process, one job, in the order
//!
//! 1. [`worker`]: the job is taken, run and answered; a failure is an answer too.
//! 2. [`kind`]: what can be run: [`train`], [`predict`], [`explain`], [`pretrain`].
//! 3. [`fit`]: the loop of updates that training and pretraining share, with [`solver`], [`evaluate`] and [`checkpoint`].
//! 4. [`network`]: the networks as drawings, and their arithmetic.
//!
//! It is a package of its own because linking libtorch costs start-up time and memory, and because a fault inside libtorch ends
//! the process: the tool that plans and reports must survive it.

pub mod backend;
pub mod checkpoint;
pub mod dataset;
pub mod evaluate;
pub mod explain;
pub mod fit;
pub mod formula;
pub mod kind;
pub mod mean;
pub mod model;
pub mod network;
pub mod predict;
pub mod pretrain;
pub mod process;
pub mod sampling;
pub mod session;
pub mod solver;
pub mod start;
pub mod train;
pub mod weights;
pub mod worker;
