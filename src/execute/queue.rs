//! Steps that may start, the most urgent first. Steps that ask for the same stand in one line, so that what does not fit is
//! looked at once and not step by step.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

use super::pool::{Ask, Lease, Pools, Resource};
use crate::plan::StepId;

/// How often a line may be overtaken before nothing less urgent starts: small steps must not keep a large one waiting for ever.
const PATIENCE: usize = 32;

/// Ready steps.
#[derive(Debug, Default)]
pub(super) struct Queue(BTreeMap<Ask, Line>);

#[derive(Debug, Default)]
struct Line {
    steps: BinaryHeap<Urgent>,
    overtaken: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Urgent {
    /// Seconds to the end of the plan.
    urgency: f64,
    step: StepId,
}

impl Eq for Urgent {}

impl Ord for Urgent {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of equally urgent steps the one that stands first in the plan.
        self.urgency.total_cmp(&other.urgency).then(other.step.cmp(&self.step))
    }
}

impl PartialOrd for Urgent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Queue {
    pub(super) fn add(&mut self, step: StepId, ask: Ask, urgency: f64) {
        self.0.entry(ask).or_default().steps.push(Urgent { urgency, step });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The most urgent step that the pools have room for, with its lease.
    pub(super) fn take(&mut self, pools: &mut Pools) -> Option<(StepId, Lease)> {
        let mut heads: Vec<(Urgent, Ask)> = self.0.iter().filter_map(|(ask, line)| Some((*line.steps.peek()?, *ask))).collect();
        heads.sort_by_key(|head| Reverse(head.0));
        let mut overtaken = vec![];
        for (head, ask) in heads {
            match pools.take(&ask) {
                Ok(lease) => {
                    for line in overtaken {
                        self.0.entry(line).or_default().overtaken += 1;
                    }
                    self.leave(ask);
                    return Some((head.step, lease));
                }
                Err(Resource::Machine) if self.0[&ask].overtaken >= PATIENCE => return None,
                // Who waits for an accelerator loses nothing when others compute beside it.
                Err(Resource::Machine) => overtaken.push(ask),
                Err(Resource::Device) => {}
            }
        }
        None
    }

    fn leave(&mut self, ask: Ask) {
        if let Some(line) = self.0.get_mut(&ask) {
            line.steps.pop();
            line.overtaken = 0;
            if line.steps.is_empty() {
                self.0.remove(&ask);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::{Devices, Guard, Machine};

    fn pools(cpus: usize) -> Pools {
        Pools::new(&Machine {
            worker: None,
            devices: Devices::default(),
            cpus,
            memory_mib: None,
            guard: Guard::absent(),
            cluster: None,
        })
    }

    fn ask(cpus: usize) -> Ask {
        Ask { cpus, ..Ask::default() }
    }

    #[test]
    fn the_most_urgent_comes_first_and_equals_in_the_order_of_the_plan() {
        let (mut queue, mut pools) = (Queue::default(), pools(9));
        for (step, urgency) in [(3, 1.0), (1, 5.0), (2, 1.0), (0, 0.5)] {
            queue.add(StepId::new(step), ask(1), urgency);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.take(&mut pools)).map(|(step, _)| step.index()).collect();
        assert_eq!(order, [1, 2, 3, 0]);
        assert!(queue.is_empty());
    }

    #[test]
    fn small_steps_fill_the_gap_but_do_not_keep_a_large_one_waiting_for_ever() {
        let (mut queue, mut pools) = (Queue::default(), pools(2));
        queue.add(StepId::new(0), ask(2), 9.0);
        (1..100).for_each(|step| queue.add(StepId::new(step), ask(1), 1.0));
        let mut held = pools.take(&ask(1)).expect("a slot");
        let mut started = 0;
        // One slot is always held by something, so the large step never fits.
        while let Some((_, lease)) = queue.take(&mut pools) {
            started += 1;
            pools.give_back(&std::mem::replace(&mut held, lease));
        }
        assert_eq!(started, PATIENCE);
        pools.give_back(&held);
        assert_eq!(queue.take(&mut pools).map(|(step, _)| step.index()), Some(0));
    }
}
