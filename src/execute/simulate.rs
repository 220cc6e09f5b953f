//! A run on a cluster of any size, without the cluster: the queue, the pools and the order of steps are those that real runs use; the
//! cluster, its clock and its faults are simulated event by event. It answers what a thousand GPUs would be good for, and what the
//! controller would have to bear.

mod account;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};

use super::pool::{Ask, Lease, Pools};
use super::queue::Queue;
use super::{Devices, Guard, Machine};
use crate::plan::{Plan, Step, StepId};
use crate::site::{Slurm, Venue};
use crate::slurm::Cluster;

/// A cluster, and the luck that one has with it.
#[derive(Debug, Clone, PartialEq)]
struct Conditions {
    /// GPUs, one a job that can use one.
    gpus: usize,
    /// Jobs that run at once without a GPU.
    cpus: usize,
    /// Seconds from a submission to the start of a job that finds room.
    start: f64,
    /// Failures of nodes, in an hour of a job.
    failures: f64,
    /// Preemptions, in an hour of a job on a GPU.
    preemptions: f64,
    /// Seconds between two checkpoints: what a job that ends early has to do again at most.
    checkpoint: f64,
    /// How patient and how busy `bgh` is.
    site: Slurm,
}

impl Default for Conditions {
    fn default() -> Self {
        let site = Slurm { place: Venue::Slurm, queued: 1000, ..Slurm::default() };
        Self { gpus: 1, cpus: 64, start: 1.0, failures: 0.0, preemptions: 0.0, checkpoint: 600.0, site }
    }
}

/// How a simulated run went.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Course {
    /// Seconds from the start to the last result.
    makespan: f64,
    /// Share of the time of all GPUs that results came of, in [0, 1].
    utilisation: f64,
    /// Attempts.
    attempts: usize,
    /// Calls of `sbatch`.
    submissions: usize,
    /// Looks at the queue.
    looks: usize,
}

impl Course {
    /// Calls of the controller a minute.
    fn load(&self) -> f64 {
        (self.submissions + self.looks) as f64 / (self.makespan / 60.0).max(1.0)
    }
}

/// Runs `plan` under `conditions`, where a step takes `seconds` and `on_gpu` says which steps want a GPU. Equal seeds give equal
/// courses.
fn simulate(
    plan: &Plan,
    conditions: &Conditions,
    seconds: impl Fn(&Step) -> f64,
    on_gpu: impl Fn(&Step) -> bool,
    seed: u64,
) -> Course {
    let machine = Machine {
        worker: None,
        devices: Devices::default(),
        cpus: 1,
        memory_mib: None,
        guard: Guard::absent(),
        cluster: Some(Cluster::new(conditions.site.clone())),
    };
    let left: Vec<f64> = plan.in_order().map(|id| seconds(plan.step(id))).collect();
    let gpu: Vec<bool> = plan.in_order().map(|id| on_gpu(plan.step(id))).collect();
    let run = Simulation {
        plan,
        conditions,
        urgency: plan.urgency(|id| left[id.index()]),
        open: plan.in_order().map(|id| plan.producers(id).count()).collect(),
        left,
        gpu,
        random: rand_chacha::ChaCha8Rng::seed_from_u64(seed),
        queue: Queue::default(),
        pools: Pools::new(&machine),
        leases: vec![None; plan.len()],
        free: [conditions.cpus.max(1), conditions.gpus.max(1)],
        waiting: [VecDeque::new(), VecDeque::new()],
        agenda: BinaryHeap::new(),
        submit_at: 0.0,
        interval: conditions.site.poll.as_secs_f64(),
        changed: false,
        useful: 0.0,
        done: 0,
        course: Course::default(),
    };
    run.finish()
}

struct Simulation<'a, R> {
    plan: &'a Plan,
    conditions: &'a Conditions,
    urgency: Vec<f64>,
    /// Inputs of each step that are not there yet.
    open: Vec<usize>,
    /// Seconds that each step still takes.
    left: Vec<f64>,
    gpu: Vec<bool>,
    random: R,
    queue: Queue,
    pools: Pools,
    leases: Vec<Option<Lease>>,
    /// Places without and with a GPU that are free.
    free: [usize; 2],
    /// Jobs that wait for such a place.
    waiting: [VecDeque<StepId>; 2],
    agenda: BinaryHeap<Reverse<Entry>>,
    submit_at: f64,
    interval: f64,
    /// Whether the queue is not as it was at the last look.
    changed: bool,
    /// Seconds of GPUs that results came of.
    useful: f64,
    done: usize,
    course: Course,
}

/// What happens when.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    at: f64,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The controller has a job and looks for room.
    Arrives(StepId),
    /// A job ends, with its result or without.
    Ends(StepId, bool),
    /// `bgh` notices that.
    Noticed(StepId, bool),
    /// The queue is looked at.
    Look,
}

impl Eq for Entry {}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.what.cmp(&other.what))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R: Rng> Simulation<'_, R> {
    fn finish(mut self) -> Course {
        let first: Vec<StepId> = self.plan.in_order().filter(|id| self.open[id.index()] == 0).collect();
        first.into_iter().for_each(|id| self.ready(id));
        self.submit(0.0);
        self.note(self.interval, What::Look);
        while self.done < self.plan.len() {
            let Some(Reverse(Entry { at, what })) = self.agenda.pop() else { break };
            match what {
                What::Arrives(id) => {
                    self.waiting[self.place(id)].push_back(id);
                    self.start(at);
                }
                What::Ends(id, well) => self.end(id, well, at),
                What::Noticed(id, well) => self.notice(id, well, at),
                What::Look => self.look(at),
            }
            self.course.makespan = at;
        }
        self.course.utilisation = self.useful / (self.course.makespan * self.conditions.gpus.max(1) as f64).max(1.0);
        self.course
    }

    fn note(&mut self, at: f64, what: What) {
        self.agenda.push(Reverse(Entry { at, what }));
    }

    fn place(&self, id: StepId) -> usize {
        usize::from(self.gpu[id.index()])
    }

    fn ready(&mut self, id: StepId) {
        self.queue.add(id, Ask { cluster: true, ..Ask::default() }, self.urgency[id.index()]);
    }

    /// Submits what the pools have room for, at the site's pace, as arrays where enough come at once.
    fn submit(&mut self, now: f64) {
        let mut alike = [vec![], vec![]];
        while let Some((id, lease)) = self.queue.take(&mut self.pools) {
            self.leases[id.index()] = Some(lease);
            alike[self.place(id)].push(id);
        }
        let site = &self.conditions.site;
        let (from, most) = (site.array_from.max(2), site.array_most);
        for jobs in alike {
            let is_array = site.array_from > 0 && jobs.len() >= from;
            for batch in jobs.chunks(if is_array { most } else { 1 }) {
                self.submit_at = self.submit_at.max(now) + 1.0 / site.rate;
                self.course.submissions += 1;
                self.course.attempts += batch.len();
                for id in batch {
                    self.note(self.submit_at + self.conditions.start, What::Arrives(*id));
                }
            }
        }
    }

    /// The controller starts what there is room for, in the order in which it came.
    fn start(&mut self, now: f64) {
        for place in [0, 1] {
            while self.free[place] > 0
                && let Some(id) = self.waiting[place].pop_front()
            {
                self.free[place] -= 1;
                self.changed = true;
                let hourly = self.conditions.failures + if place == 1 { self.conditions.preemptions } else { 0.0 };
                let cut =
                    if hourly > 0.0 { -self.random.random::<f64>().max(1e-12).ln() * 3600.0 / hourly } else { f64::INFINITY };
                let whole = self.left[id.index()];
                if cut < whole {
                    // What was kept need not be done again.
                    let kept = (cut / self.conditions.checkpoint).floor() * self.conditions.checkpoint;
                    self.left[id.index()] -= kept;
                    self.useful += if place == 1 { kept } else { 0.0 };
                } else {
                    self.useful += if place == 1 { whole } else { 0.0 };
                }
                self.note(now + whole.min(cut), What::Ends(id, whole <= cut));
            }
        }
    }

    /// A record is found by the next look at folders, the want of one by the next look at the queue.
    fn end(&mut self, id: StepId, well: bool, now: f64) {
        self.free[self.place(id)] += 1;
        self.changed = true;
        let poll = self.conditions.site.poll;
        let folders = (poll / 5).clamp(Duration::from_millis(200), Duration::from_secs(5)).as_secs_f64();
        let wait = if well { folders * self.random.random::<f64>() } else { self.interval + poll.as_secs_f64() };
        self.note(now + wait, What::Noticed(id, well));
        self.start(now);
    }

    fn notice(&mut self, id: StepId, well: bool, now: f64) {
        if let Some(lease) = self.leases[id.index()].take() {
            self.pools.give_back(&lease);
        }
        if well {
            self.done += 1;
            let readers: Vec<StepId> = self.plan.readers(id).collect();
            for reader in readers {
                self.open[reader.index()] -= 1;
                if self.open[reader.index()] == 0 {
                    self.ready(reader);
                }
            }
        } else {
            self.ready(id);
        }
        self.submit(now);
    }

    fn look(&mut self, now: f64) {
        self.course.looks += 1;
        let site = &self.conditions.site;
        let slower = (self.interval * 1.5).min(site.poll_most.as_secs_f64());
        self.interval = if std::mem::take(&mut self.changed) { site.poll.as_secs_f64() } else { slower };
        self.note(now + self.interval, What::Look);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::plan::Input;
    use crate::stage::{predict, train};

    /// So many trainings, each with a prediction that reads it.
    pub(super) fn study(trainings: usize) -> Plan {
        let mut plan = Plan::default();
        for number in 0..trainings {
            let params = json!({"network": "alexnet", "number": number});
            let step =
                |kind, label: &str, inputs| Step::of_kind(kind, format!("{label}[{number}]"), params.clone(), None, inputs);
            let trained = plan.add(step(&train::KIND, "train", BTreeMap::new()));
            let model = Input::Output { step: trained, port: "model".to_owned() };
            plan.add(step(&predict::KIND, "predict", [("model".to_owned(), model)].into()));
        }
        plan
    }

    fn seconds(step: &Step) -> f64 {
        let number = step.params["number"].as_u64().unwrap_or(0) as f64;
        if step.kind.name == "train" { 1800.0 + 10.0 * (number * 7.0 % 360.0) } else { 60.0 }
    }

    pub(super) fn course(plan: &Plan, conditions: &Conditions) -> Course {
        simulate(plan, conditions, seconds, |_| true, 1)
    }

    /// 500 trainings of half an hour to an hour and a half on 1 to 1,000 GPUs.
    #[test]
    fn more_gpus_help_until_the_longest_way_is_all_that_is_left() {
        let plan = study(500);
        let way = plan.urgency(|id| seconds(plan.step(id))).into_iter().fold(0.0, f64::max);
        let courses = [1, 4, 16, 64, 256, 1000].map(|gpus| course(&plan, &Conditions { gpus, ..Conditions::default() }));
        assert!(courses.windows(2).all(|pair| pair[1].makespan < 1.05 * pair[0].makespan), "{courses:#?}");
        assert!(courses[0].utilisation > 0.95 && courses[5].makespan < 1.1 * way, "{courses:#?}");
        assert!(courses.iter().all(|course| course.attempts == plan.len()), "{courses:#?}");
    }

    #[test]
    fn what_fails_or_gives_way_is_done_again() {
        let plan = study(100);
        let fair = Conditions { gpus: 16, ..Conditions::default() };
        let foul = Conditions { failures: 0.02, preemptions: 0.2, ..fair.clone() };
        let (fair, foul) = (course(&plan, &fair), course(&plan, &foul));
        assert!(foul.attempts > fair.attempts && foul.makespan > fair.makespan, "{fair:?} {foul:?}");
        assert!(foul.load() < 60.0, "the controller is asked less than once a second: {foul:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// No order and no luck beats the longest way or the work divided by the GPUs, and every run comes to its end.
        #[test]
        fn bounds_hold(trainings in 1usize..40, gpus in 1usize..20, failures in 0.0f64..0.5) {
            let plan = study(trainings);
            let Course { makespan, utilisation, attempts, .. } = course(&plan, &Conditions { gpus, failures, ..Conditions::default() });
            let work: f64 = plan.in_order().map(|id| seconds(plan.step(id))).sum();
            let way = plan.urgency(|id| seconds(plan.step(id))).into_iter().fold(0.0, f64::max);
            prop_assert!(makespan >= way.max(work / gpus as f64));
            prop_assert!(utilisation > 0.0 && utilisation <= 1.0);
            prop_assert!(attempts >= plan.len());
        }
    }
}
