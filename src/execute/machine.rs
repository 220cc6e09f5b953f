//! What a run runs on.

use std::fs;

use super::{Devices, Executor, Guard, Worker};
use crate::plan::{Step, StepId};
use crate::slurm::Cluster;

/// The machine as one run may use it.
#[derive(Debug)]
pub struct Machine {
    /// The worker; `None` where no step needs it.
    pub worker: Option<Worker>,
    /// Accelerators.
    pub devices: Devices,
    /// CPU slots: how many attempts of one thread run at once.
    pub cpus: usize,
    /// Memory that attempts may take together, MiB; `None` where nobody knows.
    pub memory_mib: Option<u64>,
    /// Who ends the children when `bgh` is killed.
    pub guard: Guard,
    /// The cluster on which steps of some kinds run.
    pub cluster: Option<Cluster>,
}

impl Machine {
    /// CPU slots where nobody says how many: one a core.
    pub fn cores() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Memory of the machine, or what its control group allows, MiB.
    pub fn memory() -> Option<u64> {
        let allowed = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let total = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map(|kib| kib * 1024);
        [allowed, total].into_iter().flatten().min().map(|bytes| bytes >> 20)
    }

    /// The cluster if the step runs there.
    pub(super) fn cluster_for(&self, step: &Step) -> Option<&Cluster> {
        self.cluster.as_ref().filter(|cluster| cluster.takes(&step.names()))
    }

    /// What unfinished steps declare to need and this machine has not, a line a step.
    pub fn refuses(&self, run: &Executor<'_>) -> Vec<String> {
        run.unfinished().filter_map(|id| self.refuses_step(run, id)).collect()
    }

    fn refuses_step(&self, run: &Executor<'_>, id: StepId) -> Option<String> {
        let (step, needs) = (run.plan.step(id), run.needs(id));
        if self.cluster_for(step).is_some() {
            return None;
        }
        if let Some((wanted, there)) = needs.memory_mib.zip(self.memory_mib).filter(|(wanted, there)| wanted > there) {
            return Some(format!("{} needs {wanted} MiB of memory, and there are {there} MiB", step.label));
        }
        // A worker computes on the CPU where there is no accelerator.
        let wanted = needs.device_mib.filter(|_| self.devices.all.is_empty() && !step.kind.is_worker())?;
        Some(format!("{} needs an accelerator with {wanted} MiB, and there is none", step.label))
    }
}
