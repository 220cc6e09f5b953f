//! Runs what has no result yet. One thread owns all state ([`Executor`]); attempts run on threads of their own, know nothing of
//! the graph, and send messages back.
//!
//! - A step's key is known when all its inputs are; then it is *cached* or *ready*.
//! - A ready step starts when the pools have room, the most urgent first (longest path to the end).
//! - An attempt locks its action, runs in a job directory, takes the outputs into the store, then records the action.
//! - A failure blocks the steps that stand on it; others go on with `keep_going`, else nothing new is started.
//! - The first interrupt lets workers write their checkpoints; the second kills them.

mod attempt;
mod child;
mod device;
mod event;
mod executor;
mod failure;
mod guard;
mod interrupt;
mod machine;
mod pool;
mod provenance;
mod publish;
mod reason;
mod state;
mod survey;
mod worker;

pub use device::{Device, WorkerFacts};
pub use event::{Event, Listener};
pub use executor::{Executor, Options, Summary};
pub use failure::Failure;
pub use guard::Guard;
pub use interrupt::Interrupt;
pub use machine::Machine;
pub use provenance::provenance;
pub use publish::{PROVENANCE, publish};
pub use reason::Reason;
pub use state::State;
pub use worker::Worker;
