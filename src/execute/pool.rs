//! What attempts share: CPU slots, memory of the machine, memory of each accelerator. A pool with a size is the whole resource
//! model; what is asked for beyond a pool's size is the whole pool.

use std::ffi::OsString;
use std::process::Command;

use super::Machine;
use crate::site::Device;
use crate::slurm::Cluster;

/// What an attempt asks for. Equal asks are answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Ask {
    /// CPU slots.
    pub(super) cpus: usize,
    /// Memory of the machine, MiB; 0 where nobody knows.
    pub(super) memory_mib: u64,
    /// Memory of an accelerator, MiB.
    pub(super) device_mib: Option<u64>,
    /// What it wants for itself, because sharing it was too little.
    pub(super) alone: Option<Resource>,
    /// Whether it runs on the cluster; then it takes a place in the cluster's queue and nothing of this machine.
    pub(super) cluster: bool,
}

/// Something of which an attempt may have had too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// Slots and memory of the machine.
    Machine,
    /// Memory of one accelerator.
    Device,
}

/// What is free.
#[derive(Debug, Clone)]
pub(super) struct Pools {
    cpus: Pool<usize>,
    memory: Pool<u64>,
    devices: Vec<(u32, Pool<u64>)>,
    cluster: Pool<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Pool<T> {
    size: T,
    free: T,
}

/// What one attempt holds until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    cpus: usize,
    memory: u64,
    device: Option<(usize, u64)>,
    cluster: usize,
}

/// The part of a lease that an attempt is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// Threads that it may compute on.
    pub(super) cpus: usize,
    /// The accelerator that it may see.
    pub(super) device: Option<Accelerator>,
}

/// An accelerator that an attempt may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accelerator {
    /// As `CUDA_VISIBLE_DEVICES` counts.
    Index(u32),
    /// What the environment already says: a cluster gave it.
    Granted,
}

impl Share {
    /// Variables by which numeric libraries learn how many threads they may start.
    const THREADS: [&str; 6] = [
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "RAYON_NUM_THREADS",
    ];

    /// Tells a command its share: threads, and the accelerator that it may see, which is none where it has none.
    pub(super) fn tell(&self, command: &mut Command) {
        command.envs(Self::THREADS.map(|name| (name, self.cpus.to_string())));
        let visible = match self.device {
            None => OsString::new(),
            Some(Accelerator::Index(index)) => index.to_string().into(),
            Some(Accelerator::Granted) => std::env::var_os("CUDA_VISIBLE_DEVICES").unwrap_or_default(),
        };
        command.env("CUDA_VISIBLE_DEVICES", visible);
    }

    /// The number of its accelerator, where it has one on this machine.
    pub(super) fn index(&self) -> Option<u32> {
        match self.device {
            Some(Accelerator::Index(index)) => Some(index),
            _ => None,
        }
    }
}

impl Pools {
    pub(super) fn new(machine: &Machine) -> Self {
        let device = |device: &Device| (device.index, Pool::full(device.memory_mib));
        Self {
            cpus: Pool::full(machine.cpus.max(1)),
            memory: Pool::full(machine.memory_mib.unwrap_or(u64::MAX)),
            devices: machine.devices.all.iter().map(device).collect(),
            cluster: Pool::full(machine.cluster.as_ref().map_or(0, Cluster::size)),
        }
    }

    /// Takes what is asked for, device memory from the emptiest device.
    ///
    /// # Errors
    /// What there is too little of just now.
    pub(super) fn take(&mut self, ask: &Ask) -> Result<Lease, Resource> {
        if ask.cluster {
            return self.take_of_cluster();
        }
        let lease = Lease { cpus: self.slots(ask), memory: self.mib(ask), device: self.room(ask)?, cluster: 0 };
        if lease.cpus > self.cpus.free || lease.memory > self.memory.free {
            return Err(Resource::Machine);
        }
        self.cpus.free -= lease.cpus;
        self.memory.free -= lease.memory;
        if let Some((at, mib)) = lease.device {
            self.devices[at].1.free -= mib;
        }
        Ok(lease)
    }

    /// Who waits for the cluster loses nothing when others compute beside it.
    fn take_of_cluster(&mut self) -> Result<Lease, Resource> {
        self.cluster.free = self.cluster.free.checked_sub(1).ok_or(Resource::Device)?;
        Ok(Lease { cpus: 0, memory: 0, device: None, cluster: 1 })
    }

    /// Adds every free slot to a lease whose holder knows what to do with them.
    pub(super) fn widen(&mut self, lease: &mut Lease) {
        lease.cpus += std::mem::take(&mut self.cpus.free);
    }

    pub(super) fn give_back(&mut self, lease: &Lease) {
        self.cpus.free += lease.cpus;
        self.memory.free += lease.memory;
        self.cluster.free += lease.cluster;
        if let Some((at, mib)) = lease.device {
            self.devices[at].1.free += mib;
        }
    }

    pub(super) fn share(&self, lease: &Lease) -> Share {
        Share { cpus: lease.cpus, device: lease.device.map(|(at, _)| Accelerator::Index(self.devices[at].0)) }
    }

    fn slots(&self, ask: &Ask) -> usize {
        if self.is_alone(ask) { self.cpus.size } else { ask.cpus.clamp(1, self.cpus.size) }
    }

    fn mib(&self, ask: &Ask) -> u64 {
        if self.is_alone(ask) { self.memory.size } else { ask.memory_mib.min(self.memory.size) }
    }

    /// Whether it wants the machine for itself; without devices, a device's memory is the machine's.
    fn is_alone(&self, ask: &Ask) -> bool {
        match ask.alone {
            Some(Resource::Machine) => true,
            Some(Resource::Device) => self.devices.is_empty(),
            None => false,
        }
    }

    fn room(&self, ask: &Ask) -> Result<Option<(usize, u64)>, Resource> {
        let Some(wanted) = ask.device_mib.filter(|_| !self.devices.is_empty()) else { return Ok(None) };
        let wanted = if ask.alone == Some(Resource::Device) { u64::MAX } else { wanted };
        let with_room = self.devices.iter().enumerate().filter_map(|(at, (_, pool))| {
            let mib = wanted.min(pool.size);
            (mib <= pool.free).then_some((at, mib, pool.free))
        });
        // Of equally empty devices the first.
        let emptiest = with_room.min_by_key(|&(_, _, free)| std::cmp::Reverse(free));
        emptiest.map(|(at, mib, _)| Some((at, mib))).ok_or(Resource::Device)
    }
}

impl<T: Copy> Pool<T> {
    fn full(size: T) -> Self {
        Self { size, free: size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::{Devices, Guard};

    fn pools(cpus: usize, memory_mib: Option<u64>, devices: &[u64]) -> Pools {
        let all = devices.iter().zip(0..).map(|(&memory_mib, index)| Device { index, memory_mib }).collect();
        let devices = Devices { all, serve_worker: true };
        Pools::new(&Machine { worker: None, devices, cpus, memory_mib, guard: Guard::absent(), cluster: None })
    }

    fn of_device(mib: u64) -> Ask {
        Ask { cpus: 1, device_mib: Some(mib), ..Ask::default() }
    }

    #[test]
    fn slots_run_out_and_come_back() {
        let mut pools = pools(1, None, &[]);
        let lease = pools.take(&of_device(9999)).expect("a slot is free, and without devices their memory is not asked for");
        assert_eq!(pools.take(&Ask::default()), Err(Resource::Machine));
        pools.give_back(&lease);
        assert!(pools.take(&Ask::default()).is_ok());
    }

    #[test]
    fn memory_of_the_machine_is_shared_like_slots() {
        let mut pools = pools(9, Some(100), &[]);
        let ask = |memory_mib| Ask { cpus: 1, memory_mib, ..Ask::default() };
        let lease = pools.take(&ask(60)).expect("room");
        assert_eq!(pools.take(&ask(60)), Err(Resource::Machine));
        assert!(pools.take(&ask(40)).is_ok());
        pools.give_back(&lease);
        assert_eq!(pools.take(&ask(999)), Err(Resource::Machine), "the whole machine is not free");
    }

    #[test]
    fn jobs_share_a_device_until_it_is_full_and_spread_over_several() {
        let mut pools = pools(9, None, &[10, 10]);
        let leases: Vec<_> = (0..4).map_while(|_| pools.take(&of_device(5)).ok()).collect();
        let indices: Vec<_> = leases.iter().map(|lease| pools.share(lease).index()).collect();
        assert_eq!(indices, [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(pools.take(&of_device(5)), Err(Resource::Device));
        assert!(pools.take(&Ask { cpus: 1, ..Ask::default() }).is_ok());
    }

    #[test]
    fn what_is_larger_than_any_device_and_what_failed_beside_others_gets_one_alone() {
        for ask in [of_device(50), Ask { alone: Some(Resource::Device), ..of_device(1) }] {
            let mut pools = pools(9, None, &[10]);
            assert!(pools.take(&ask).is_ok());
            assert_eq!(pools.take(&of_device(1)), Err(Resource::Device));
        }
    }

    #[test]
    fn a_lease_can_grow_to_all_that_is_free() {
        let mut pools = pools(4, None, &[]);
        let first = pools.take(&Ask { cpus: 1, ..Ask::default() }).expect("a slot");
        let mut second = pools.take(&Ask { cpus: 1, ..Ask::default() }).expect("a slot");
        pools.widen(&mut second);
        assert_eq!((pools.share(&first).cpus, pools.share(&second).cpus), (1, 3));
        pools.give_back(&second);
        pools.give_back(&first);
        assert_eq!(pools.take(&Ask { cpus: 99, ..Ask::default() }).map(|lease| lease.cpus), Ok(4));
    }
}
