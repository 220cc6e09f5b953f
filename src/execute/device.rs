//! Which accelerators a run may use. `bgh` itself links no CUDA: a site file or `nvidia-smi` says which there are and how much memory
//! they have, and the worker whether its libtorch sees them.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::Worker;
use crate::site::{Device, Site};

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

/// Accelerators of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// Each of them.
    pub all: Vec<Device>,
    /// Whether the worker's libtorch can use them; else it computes on the CPU, and they are for commands.
    pub serve_worker: bool,
}

impl Devices {
    /// None for `cpu`; those of the site file, or else those that the driver knows, for `cuda`, an error if there are none; of these the
    /// ones of the given numbers for `cuda:0,1`; what there is for `auto`.
    ///
    /// # Errors
    /// When what is asked for is missing, or the choice is unknown.
    pub fn find(choice: &str, site: &Site, worker: Option<&Worker>) -> Result<Self> {
        match choice.split_once(':') {
            None if choice == "cpu" => Ok(Self::default()),
            None if choice == "auto" => Self::there(site, worker, false),
            None if choice == "cuda" => Self::there(site, worker, true),
            Some(("cuda", numbers)) => Self::there(site, worker, true)?.of(numbers),
            _ => bail!("unknown device `{choice}`; expected `auto`, `cpu`, `cuda`, or `cuda:0,1` for some of several"),
        }
    }

    /// A site file is believed, also about the worker: it may stand on a machine whose libtorch is loaded later.
    fn there(site: &Site, worker: Option<&Worker>, required: bool) -> Result<Self> {
        if let Some(all) = site.devices.clone() {
            ensure!(!required || !all.is_empty(), "the site file says that there is no accelerator; use `--device cpu`");
            return Ok(Self { all, serve_worker: true });
        }
        if !required && !on_this_machine() {
            return Ok(Self::default());
        }
        let serve_worker = worker.map_or(Ok(true), |worker| worker.facts().map(|facts| facts.cuda_devices > 0))?;
        ensure!(
            serve_worker || !required,
            "the worker's libtorch sees no CUDA device; build it with a CUDA libtorch (`LIBTORCH=…`) or use `--device cpu`"
        );
        Ok(Self { all: query()?, serve_worker })
    }

    fn of(mut self, numbers: &str) -> Result<Self> {
        let parse = |number: &str| number.trim().parse().with_context(|| format!("`{number}` is no number of a device"));
        let wanted: Vec<u32> = numbers.split(',').map(parse).collect::<Result<_>>()?;
        let there = self.all.iter().map(|device| device.index.to_string()).collect::<Vec<_>>().join(", ");
        for number in &wanted {
            ensure!(self.all.iter().any(|device| device.index == *number), "there is no device {number}; there are {there}");
        }
        self.all.retain(|device| wanted.contains(&device.index));
        Ok(self)
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

    #[test]
    fn a_choice_names_all_some_or_none_of_the_site() -> Result<()> {
        let devices = [0, 1, 3].map(|index| Device { index, memory_mib: 1000 }).to_vec();
        let site = Site { devices: Some(devices), ..Site::default() };
        let numbers = |choice: &str| -> Result<Vec<u32>> {
            Ok(Devices::find(choice, &site, None)?.all.iter().map(|device| device.index).collect())
        };
        assert_eq!(numbers("auto")?, [0, 1, 3]);
        assert_eq!(numbers("cuda")?, [0, 1, 3]);
        assert_eq!(numbers("cuda:3, 0")?, [0, 3]);
        assert!(numbers("cpu")?.is_empty());
        let fault = |choice: &str| numbers(choice).expect_err("refused").to_string();
        assert_eq!(fault("cuda:2"), "there is no device 2; there are 0, 1, 3");
        assert_eq!(fault("cuda:x"), "`x` is no number of a device");
        assert!(fault("gpu").starts_with("unknown device `gpu`"), "{}", fault("gpu"));
        Ok(())
    }
}
