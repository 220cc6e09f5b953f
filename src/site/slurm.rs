//! What a Slurm cluster is asked for: what every job of a site says, what the jobs of one kind say instead, and how patient `bgh` is
//! with the controller. What is not said is not asked for, so that the defaults of the site count.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::document::section::{Item, Section};

/// Where attempts of a kind run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Venue {
    /// On the machine that `bgh` runs on.
    #[default]
    Local,
    /// As a Slurm job each.
    Slurm,
}

/// A Slurm cluster as one site uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct Slurm {
    /// Where kinds run that say nothing themselves.
    pub place: Venue,
    /// Where these kinds run.
    pub places: BTreeMap<String, Venue>,
    /// What every job asks for.
    pub job: Request,
    /// What jobs of these kinds ask for instead.
    pub kinds: BTreeMap<String, Request>,
    /// What the job of `bgh run --submit` asks for instead.
    pub run: Request,
    /// `bgh` as compute nodes find it; this very program where nothing is said.
    pub program: Option<PathBuf>,
    /// Time between two looks at the queue while it changes.
    pub poll: Duration,
    /// The same while nothing changes; each wait is half as long again as the one before.
    pub poll_most: Duration,
    /// Jobs in the queue at once.
    pub queued: usize,
    /// Submissions a second.
    pub rate: f64,
    /// From so many jobs on that ask for the same, they are one array; 0 for never.
    pub array_from: usize,
    /// Elements of one array at most.
    pub array_most: usize,
    /// How long a job may be unknown to Slurm, or a running one without sign of life, before it is lost.
    pub lost: Duration,
    /// How long a job may wait for a reason that will not pass before it is given up.
    pub dead_end: Duration,
    /// Whether an interrupt of `bgh` cancels its jobs; else they go on and the next run takes them over.
    pub cancel: bool,
}

impl Default for Slurm {
    fn default() -> Self {
        Self {
            place: Venue::Local,
            places: BTreeMap::new(),
            job: Request::default(),
            kinds: BTreeMap::new(),
            run: Request::default(),
            program: None,
            poll: Duration::from_secs(15),
            poll_most: Duration::from_secs(60),
            queued: 100,
            rate: 5.0,
            array_from: 8,
            array_most: 1000,
            lost: Duration::from_secs(120),
            dead_end: Duration::from_secs(600),
            cancel: false,
        }
    }
}

impl Slurm {
    /// Whether a step of these names runs as a Slurm job: that of its stage counts before that of its kind.
    pub fn takes(&self, names: &[&str]) -> bool {
        let own = names.iter().find_map(|name| self.places.get(*name));
        *own.unwrap_or(&self.place) == Venue::Slurm
    }

    /// Whether any step may run as a Slurm job.
    pub fn is_used(&self) -> bool {
        self.place == Venue::Slurm || self.places.values().any(|place| *place == Venue::Slurm)
    }

    /// What a job of a step of these names asks for: what is said of its stage counts before what is said of its kind.
    pub fn request(&self, names: &[&str]) -> Request {
        names.iter().rev().filter_map(|name| self.kinds.get(*name)).fold(self.job.clone(), Request::overlaid)
    }
}

/// How GPUs are asked for; sites accept one way or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuOption {
    /// `--gres=gpu:TYPE:N`
    Gres,
    /// `--gpus-per-node=TYPE:N`
    PerNode,
    /// `--gpus=TYPE:N`
    Gpus,
}

/// What one job asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Options that are handed on as they are, by their Slurm name.
    pub plain: BTreeMap<&'static str, String>,
    /// Longest time of a job.
    pub time: Option<Duration>,
    /// Memory of a job of which nothing else is known, MiB.
    pub memory_mib: Option<u64>,
    /// Whether memory is asked for a CPU and not for a job.
    pub memory_per_cpu: Option<bool>,
    /// CPUs at least.
    pub cpus: Option<usize>,
    /// GPUs of a step that can use one; 0 or nothing for none.
    pub gpus: Option<usize>,
    /// Their type.
    pub gpu_type: Option<String>,
    /// How they are asked for.
    pub gpu_option: Option<GpuOption>,
    /// No other job on the node.
    pub exclusive: Option<bool>,
    /// Further options, verbatim.
    pub extra: Option<Vec<String>>,
    /// Lines of shell before `bgh` starts.
    pub prologue: Option<Vec<String>>,
    /// Lines of shell after it has ended.
    pub epilogue: Option<Vec<String>>,
    /// Folder on the node for temporary files, as the shell of the job reads it.
    pub scratch: Option<String>,
    /// How long before the end of its time a worker is told to write its checkpoint.
    pub checkpoint: Option<Duration>,
    /// Factor of the memory after it ran out.
    pub memory_growth: Option<f64>,
    /// Factor of the time after it ran out.
    pub time_growth: Option<f64>,
    /// Whether a job in which the kernel killed something for want of memory has failed whatever its programs say.
    pub strict_memory: Option<bool>,
}

/// Options with a word as value, by key of the site file and name in Slurm.
const PLAIN: [(&str, &str); 9] = [
    ("partition", "--partition"),
    ("account", "--account"),
    ("qos", "--qos"),
    ("constraint", "--constraint"),
    ("nodelist", "--nodelist"),
    ("exclude", "--exclude"),
    ("reservation", "--reservation"),
    ("clusters", "--clusters"),
    ("licenses", "--licenses"),
];

impl Request {
    /// What `over` says, and where it says nothing what this says.
    pub fn overlaid(mut self, over: &Self) -> Self {
        self.plain.extend(over.plain.clone());
        let over = over.clone();
        Self {
            plain: self.plain,
            time: over.time.or(self.time),
            memory_mib: over.memory_mib.or(self.memory_mib),
            memory_per_cpu: over.memory_per_cpu.or(self.memory_per_cpu),
            cpus: over.cpus.or(self.cpus),
            gpus: over.gpus.or(self.gpus),
            gpu_type: over.gpu_type.or(self.gpu_type),
            gpu_option: over.gpu_option.or(self.gpu_option),
            exclusive: over.exclusive.or(self.exclusive),
            extra: over.extra.or(self.extra),
            prologue: over.prologue.or(self.prologue),
            epilogue: over.epilogue.or(self.epilogue),
            scratch: over.scratch.or(self.scratch),
            checkpoint: over.checkpoint.or(self.checkpoint),
            memory_growth: over.memory_growth.or(self.memory_growth),
            time_growth: over.time_growth.or(self.time_growth),
            strict_memory: over.strict_memory.or(self.strict_memory),
        }
    }

    /// How long before the end of its time a worker writes its checkpoint.
    pub fn checkpoint(&self) -> Duration {
        self.checkpoint.unwrap_or(Duration::from_secs(120))
    }
}

/// Reads the table `[slurm]`; `place` and `places` are read elsewhere.
pub(super) fn slurm(section: &mut Section<'_>) -> Option<Slurm> {
    let default = Slurm::default();
    let program = section.optional("bgh", None, |item| item.path().map(Some));
    let poll = section.optional("poll", default.poll, |item| item.duration());
    let poll_most = section.optional("poll_most", default.poll_most, |item| item.duration());
    let queued = section.optional("max_queued", default.queued, |item| item.count(1, 100_000));
    let rate = section.optional("submissions_per_second", default.rate, |item| item.rate(1000.0));
    let array_from = section.optional("array_from", default.array_from, |item| item.count(0, 100_000));
    let array_most = section.optional("array_most", default.array_most, |item| item.count(1, 1_000_000));
    let lost = section.optional("lost_after", default.lost, |item| item.duration());
    let dead_end = section.optional("dead_end_after", default.dead_end, |item| item.duration());
    let cancel = section.optional("cancel_on_exit", default.cancel, |item| item.truth());
    let run = section.table_or_empty("run", request);
    let job = request(section);
    let (poll, poll_most) = (poll?, poll_most?);
    Some(Slurm {
        job: job?,
        run: run?,
        program: program?,
        poll,
        poll_most: poll_most.max(poll),
        queued: queued?,
        rate: rate?,
        array_from: array_from?,
        array_most: array_most?,
        lost: lost?,
        dead_end: dead_end?,
        cancel: cancel?,
        ..default
    })
}

/// Where something runs.
pub(super) fn place(item: &Item<'_>) -> Option<Venue> {
    item.one_of(&[("local", Venue::Local), ("slurm", Venue::Slurm)])
}

/// What a job asks for.
pub(super) fn request(section: &mut Section<'_>) -> Option<Request> {
    let plain: Vec<_> = PLAIN.iter().map(|(key, option)| plain(section, key, option)).collect();
    let nice = section.optional("nice", None, |item| item.count(0, 2_147_483_645).map(Some));
    let time = section.optional("time", None, |item| item.duration().map(Some));
    let memory_mib = section.optional("memory", None, |item| item.memory().map(Some));
    let memory_per_cpu = section.optional("memory_per_cpu", None, |item| item.truth().map(Some));
    let cpus = section.optional("cpus", None, |item| item.count(1, 4096).map(Some));
    let gpus = section.optional("gpus", None, |item| item.count(0, 64).map(Some));
    let gpu_type = section.optional("gpu_type", None, |item| text(&item).map(Some));
    let options = [("gres", GpuOption::Gres), ("gpus-per-node", GpuOption::PerNode), ("gpus", GpuOption::Gpus)];
    let gpu_option = section.optional("gpu_option", None, |item| item.one_of(&options).map(Some));
    let exclusive = section.optional("exclusive", None, |item| item.truth().map(Some));
    let extra = section.optional("extra", None, |item| item.list(|part| text(&part)).map(Some));
    let prologue = section.optional("prologue", None, |item| item.list(|part| text(&part)).map(Some));
    let epilogue = section.optional("epilogue", None, |item| item.list(|part| text(&part)).map(Some));
    let scratch = section.optional("scratch", None, |item| text(&item).map(Some));
    let checkpoint = section.optional("checkpoint_before", None, |item| item.duration().map(Some));
    let memory_growth = section.optional("memory_growth", None, |item| growth(&item).map(Some));
    let time_growth = section.optional("time_growth", None, |item| growth(&item).map(Some));
    let strict_memory = section.optional("strict_memory", None, |item| item.truth().map(Some));
    let mut plain: BTreeMap<_, _> = plain.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    plain.extend(nice?.map(|nice| ("--nice", nice.to_string())));
    Some(Request {
        plain,
        time: time?,
        memory_mib: memory_mib?,
        memory_per_cpu: memory_per_cpu?,
        cpus: cpus?,
        gpus: gpus?,
        gpu_type: gpu_type?,
        gpu_option: gpu_option?,
        exclusive: exclusive?,
        extra: extra?,
        prologue: prologue?,
        epilogue: epilogue?,
        scratch: scratch?,
        checkpoint: checkpoint?,
        memory_growth: memory_growth?,
        time_growth: time_growth?,
        strict_memory: strict_memory?,
    })
}

type Plain = Option<(&'static str, String)>;

fn plain(section: &mut Section<'_>, key: &'static str, option: &'static str) -> Option<Plain> {
    section.optional(key, None, |item| text(&item).map(|value| Some((option, value))))
}

fn text(item: &Item<'_>) -> Option<String> {
    item.string().map(str::to_owned)
}

fn growth(item: &Item<'_>) -> Option<f64> {
    item.number("a factor from 1 to 16", |factor| (1.0..=16.0).contains(&factor))
}
