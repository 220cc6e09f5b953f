//! An accelerator as far as scheduling is concerned.

use serde::{Deserialize, Serialize};

/// One accelerator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its number, as `CUDA_VISIBLE_DEVICES` counts.
    pub index: u32,
    /// Its memory.
    pub memory_mib: u64,
}
