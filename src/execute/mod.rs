//! Runs what has no result yet. One thread owns all state (the scheduler); attempts run on threads of their own, know nothing of
//! the graph, and send messages back.
//!
//! - A step's key is known when all its inputs are; then it is *cached* or *ready*.
//! - A ready step starts when the pools have room, the most urgent first (longest path to the end).
//! - An attempt locks its action, runs in a job directory, takes the outputs into the store, then records the action.
//! - A failure that may pass is tried again after a while; one that will not blocks the steps that stand on it. Others go on with
//!   `keep_going`, else nothing new is started.
//! - What another run is at is left to it: the step waits without a slot and takes the result.
//! - The first interrupt lets workers write their checkpoints; the second kills them.

mod attempt;
mod child;
mod command;
mod compute;
mod copy;
mod device;
mod event;
mod executor;
mod export;
mod failure;
mod forecast;
mod guard;
mod interrupt;
mod learned;
mod machine;
mod memory;
mod node;
mod pool;
mod probe;
mod provenance;
mod publish;
mod queue;
mod reason;
mod remote;
mod ro_crate;
mod scheduler;
mod share;
#[cfg(test)]
mod simulate;
mod state;
mod survey;
mod worker;

/// First argument of the process that ends the commands of a killed `bgh`; no subcommand, since nobody types it.
pub const GUARD: &str = "--guard";

pub use compute::{COMPUTE, compute};
pub use device::{Devices, WorkerFacts};
pub use event::{Event, Listener};
pub use executor::{Executor, Options, Summary};
pub use export::lay_out;
pub use failure::{Cause, Failure};
pub use forecast::Forecast;
pub use guard::Guard;
pub use interrupt::Interrupt;
pub use learned::Learned;
pub use machine::Machine;
pub use memory::keep_memory;
pub use node::run_on_node;
pub use probe::probe;
pub use provenance::provenance;
pub use publish::{CRATE, PROVENANCE, SPEC, publish};
pub use reason::Reason;
pub use ro_crate::{About, ro_crate};
pub use state::State;
pub use worker::Worker;
