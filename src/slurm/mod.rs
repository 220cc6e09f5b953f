//! Slurm as the place where attempts run. Slurm schedules; `bgh` submits one job an attempt through the command line, asks the
//! queue about all of them at once, and believes nobody but the attempt's own folder.
//!
//! - The controller may hang, forget and repeat itself. Who may run an attempt, and how it ended, is decided by files that exactly
//!   one process can make ([`AttemptFolder`]).
//! - A submission has a name before it is made, so that one whose answer was lost is found again.
//! - One thread ([`Cluster`]) talks to the controller, at most one look at the queue a poll interval, however many jobs there are.
//!
//! Knows nothing of graph, keys and store: what is to be done lies in the folder, and `bgh` on the node reads it.

mod cluster;
mod command;
mod controller;
mod detached;
mod doctor;
mod folder;
mod monitor;
mod script;
mod state;

pub use cluster::{Cluster, News, Order, Over, Ticket};
pub use controller::Controller;
pub use detached::submit_run;
pub use doctor::Facts;
pub use folder::{AttemptFolder, Claim, Intent};
pub use script::{EXEC_ATTEMPT, Resources, Script, TAKEN};
pub use state::{Doubt, Phase};
