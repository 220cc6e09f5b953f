//! What attempts share. A pool with a size is the entire resource model: CPU slots, and memory on each device.

use super::Device;

/// Free CPU slots and free memory on each device.
#[derive(Debug, Clone)]
pub(super) struct Pools {
    cpu: usize,
    devices: Vec<(Device, u64)>,
}

/// What one attempt holds until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    device: Option<(usize, u64)>,
}

impl Pools {
    pub(super) fn new(cpu: usize, devices: Vec<Device>) -> Self {
        Self { cpu, devices: devices.into_iter().map(|device| (device.clone(), device.memory_mib)).collect() }
    }

    /// Takes a CPU slot and, for a worker that wants device memory where there are devices, room on the emptiest device. What
    /// wants more than any device has gets a whole one.
    pub(super) fn take(&mut self, device_mib: Option<u64>) -> Option<Lease> {
        if self.cpu == 0 {
            return None;
        }
        let device = match device_mib {
            Some(wanted) if !self.devices.is_empty() => Some(self.room(wanted)?),
            _ => None,
        };
        self.cpu -= 1;
        if let Some((at, mib)) = device {
            self.devices[at].1 -= mib;
        }
        Some(Lease { device })
    }

    fn room(&self, wanted: u64) -> Option<(usize, u64)> {
        let with_room = self.devices.iter().enumerate().filter_map(|(at, (device, free))| {
            let mib = wanted.min(device.memory_mib);
            (*free >= mib).then_some((at, mib, *free))
        });
        with_room.max_by_key(|&(_, _, free)| free).map(|(at, mib, _)| (at, mib))
    }

    pub(super) fn give_back(&mut self, lease: &Lease) {
        self.cpu += 1;
        if let Some((at, mib)) = lease.device {
            self.devices[at].1 += mib;
        }
    }

    /// The index of the leased device, as `CUDA_VISIBLE_DEVICES` wants it.
    pub(super) fn device_index(&self, lease: &Lease) -> Option<u32> {
        lease.device.map(|(at, _)| self.devices[at].0.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpus(sizes: &[u64]) -> Vec<Device> {
        sizes.iter().zip(0..).map(|(&memory_mib, index)| Device { index, memory_mib }).collect()
    }

    #[test]
    fn slots_run_out_and_come_back() {
        let mut pools = Pools::new(1, vec![]);
        let lease = pools.take(Some(9999)).expect("a slot is free, and without devices memory is not asked for");
        assert_eq!(pools.take(None), None);
        pools.give_back(&lease);
        assert!(pools.take(None).is_some());
    }

    #[test]
    fn jobs_share_a_device_until_it_is_full_and_spread_over_several() {
        let mut pools = Pools::new(9, gpus(&[10, 10]));
        let leases: Vec<_> = (0..4).map_while(|_| pools.take(Some(5))).collect();
        let indices: Vec<_> = leases.iter().map(|lease| pools.device_index(lease)).collect();
        assert_eq!(indices.len(), 4);
        assert_eq!(indices.iter().filter(|index| **index == Some(0)).count(), 2);
        assert_eq!(pools.take(Some(5)), None);
        assert!(pools.take(None).is_some());
    }

    #[test]
    fn what_is_larger_than_any_device_gets_one_alone() {
        let mut pools = Pools::new(9, gpus(&[10]));
        assert!(pools.take(Some(50)).is_some());
        assert_eq!(pools.take(Some(1)), None);
    }
}
