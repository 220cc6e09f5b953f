//! What a run runs on.

use super::{Device, Guard, Worker};

/// The machine as one run may use it.
#[derive(Debug)]
pub struct Machine {
    /// The worker; `None` where no step needs it.
    pub worker: Option<Worker>,
    /// Accelerators.
    pub devices: Vec<Device>,
    /// Who ends the children when `bgh` is killed.
    pub guard: Guard,
}
