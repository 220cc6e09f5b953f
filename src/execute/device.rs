//! What the worker can compute on. `bgh` itself links no CUDA: the worker says whether its libtorch sees devices, and
//! `nvidia-smi` says how much memory they have.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Worker;

/// One accelerator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its number, as `CUDA_VISIBLE_DEVICES` counts.
    pub index: u32,
    /// Its memory.
    pub memory_mib: u64,
}

/// What `bgh-torch --version-json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFacts {
    /// Version of the worker.
    pub worker: String,
    /// Version of the libtorch that it is linked with.
    pub libtorch: String,
    /// CUDA devices that this libtorch sees.
    pub cuda_devices: usize,
}

impl Device {
    /// Devices for a run: none for `cpu`; all for `cuda`, an error if there are none; all there are for `auto`.
    ///
    /// # Errors
    /// When `cuda` is asked for and missing, or the choice is unknown.
    pub fn choose(choice: &str, worker: &Worker) -> Result<Vec<Self>> {
        match choice {
            "cpu" => Ok(vec![]),
            "auto" if !on_this_machine() => Ok(vec![]),
            "auto" if worker.facts()?.cuda_devices == 0 => Ok(vec![]),
            "auto" => query(),
            "cuda" => {
                let seen = worker.facts()?.cuda_devices;
                ensure!(
                    seen > 0,
                    "the worker's libtorch sees no CUDA device; build it with a CUDA libtorch (`LIBTORCH=…`) or use `--device cpu`"
                );
                query()
            }
            other => anyhow::bail!("unknown device `{other}`; expected `auto`, `cpu` or `cuda`"),
        }
    }
}

fn on_this_machine() -> bool {
    std::path::Path::new("/proc/driver/nvidia").exists() || std::path::Path::new("/dev/nvidiactl").exists()
}

fn query() -> Result<Vec<Device>> {
    let arguments = ["--query-gpu=index,memory.total", "--format=csv,noheader,nounits"];
    let output = Command::new("nvidia-smi").args(arguments).output().context("cannot start nvidia-smi")?;
    ensure!(output.status.success(), "nvidia-smi failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8_lossy(&output.stdout).lines().map(parse).collect()
}

fn parse(line: &str) -> Result<Device> {
    let (index, memory) = line.split_once(',').with_context(|| format!("nvidia-smi answered `{line}`"))?;
    let place = || format!("nvidia-smi answered `{line}`");
    Ok(Device { index: index.trim().parse().with_context(place)?, memory_mib: memory.trim().parse().with_context(place)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_nvidia_smi_is_a_device() -> Result<()> {
        assert_eq!(parse("1, 143771")?, Device { index: 1, memory_mib: 143_771 });
        assert!(parse("No devices were found").is_err());
        Ok(())
    }
}
