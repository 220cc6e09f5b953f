//! An attempt on a node of a cluster: `bgh` as the program of a Slurm job. It takes what the folder describes, makes sure that its
//! inputs are what they were, runs the step as it would run anywhere, and says how it ended.
//!
//! - Another job that has taken the attempt, or a record of its end, means that this one has nothing to do.
//! - As long as it lives it shows so, and looks whether it was given up meanwhile.
//! - `SIGUSR1` says that the time will soon be over: a worker writes its checkpoint. `SIGTERM` says that the job ends now, for a reason
//!   that Slurm will tell; nothing is recorded then.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use super::attempt::{Attempt, Work};
use super::failure::Cause;
use super::pool::{Accelerator, Share};
use super::{Devices, Failure, Guard, Interrupt, Machine, Worker};
use crate::artifact::Files;
use crate::plan::{Input, KINDS, Manifest, Step, StepId};
use crate::seed::Seed;
use crate::slurm::{AttemptFolder, Claim, Resources, TAKEN};
use crate::stage::command::Setting;
use crate::stage::job::JobFolder;
use crate::store::{Artifact, Provenance, Store};

/// How often a job shows that it lives, and looks whether it is still wanted.
const BEAT: Duration = Duration::from_secs(5);

/// What `task.json` holds: one step with its inputs, and how it is run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NodeTask {
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) params: Value,
    pub(super) seed: Option<Seed>,
    pub(super) inputs: BTreeMap<String, NodeInput>,
    pub(super) outputs: Vec<String>,
    pub(super) copies: bool,
    /// Variables that the command is passed, as they were where the run was started.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) cache: PathBuf,
    /// Caches below it.
    pub(super) read_caches: Vec<PathBuf>,
    pub(super) worker: Option<PathBuf>,
    /// Seconds after which a child is ended.
    pub(super) limit: Option<f64>,
    /// Whether it has failed when the kernel killed something of it for want of memory.
    pub(super) strict_memory: bool,
}

/// One input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NodeInput {
    /// Whether the user named the files, and no step made them.
    pub(super) is_source: bool,
    pub(super) files: Files,
    /// What must be in them.
    pub(super) contents: Artifact,
}

/// What `exit.json` holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NodeExit {
    Done {
        outputs: BTreeMap<String, Artifact>,
        provenance: Provenance,
        device_mib: u64,
        warnings: Vec<String>,
    },
    Failed(Failure),
    /// Whoever waited for it no longer does.
    GivenUp,
}

/// Runs the attempt that `place` means: its folder, or the list of an array's. The exit code is for people; what counts is in the
/// folder.
pub fn run_on_node(place: &Path) -> ExitCode {
    match find(place).and_then(|folder| run(&folder)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bgh: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn find(place: &Path) -> Result<AttemptFolder> {
    if place.is_dir() {
        return Ok(AttemptFolder::new(place));
    }
    let element: usize = std::env::var("SLURM_ARRAY_TASK_ID").ok().and_then(|text| text.parse().ok()).with_context(|| {
        format!("{} is not there: the attempt was given up, or this node does not see the cache", place.display())
    })?;
    let list: Vec<PathBuf> =
        serde_json::from_slice(&fs::read(place).with_context(|| format!("cannot read {}", place.display()))?)?;
    let folder = list.into_iter().nth(element).with_context(|| format!("{} has no element {element}", place.display()))?;
    ensure!(folder.is_dir(), "{} is not there: the attempt was given up", folder.display());
    Ok(AttemptFolder::new(folder))
}

/// The number of this job as the queue writes it.
fn own_job() -> String {
    let variable = |name: &str| std::env::var(name).ok();
    match (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID")) {
        (Some(array), Some(element)) => format!("{array}_{element}"),
        _ => variable("SLURM_JOB_ID").unwrap_or_else(|| "none".to_owned()),
    }
}

fn own_node() -> String {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    std::env::var("SLURMD_NODENAME").unwrap_or_else(|_| host())
}

fn run(folder: &AttemptFolder) -> Result<ExitCode> {
    let claim = Claim { job: own_job(), node: own_node() };
    if folder.is_over() || !folder.take(&claim)? {
        eprintln!("bgh: another job has taken this attempt, or it is over");
        return Ok(ExitCode::from(TAKEN));
    }
    let signals = Signals::listen()?;
    // Said before anything is started: a folder that is claimed and not ended is alive.
    let over = Arc::new(AtomicBool::new(false));
    let watch = std::thread::spawn({
        let (folder, over, interrupt) = (folder.clone(), Arc::clone(&over), signals.interrupt.clone());
        move || watch(&folder, &over, &interrupt)
    });
    let exit = attempt(folder, &signals);
    over.store(true, Ordering::SeqCst);
    watch.thread().unpark();
    let _ = watch.join();
    let exit = match exit {
        _ if signals.ended.load(Ordering::SeqCst) => {
            eprintln!("bgh: told to end; Slurm will say why");
            return Ok(ExitCode::from(143));
        }
        Err(Failure::Interrupted) if signals.time.load(Ordering::SeqCst) => NodeExit::Failed(Failure::Slurm {
            cause: Cause::TimeLimit { checkpoint: has_checkpoint(folder.path()) },
            job: claim.job,
            words: "its time was nearly over, and it was told to write its checkpoint".to_owned(),
        }),
        Ok(exit) => exit,
        Err(failure) => NodeExit::Failed(failure),
    };
    let code = if matches!(exit, NodeExit::Done { .. }) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if let NodeExit::Failed(failure) = &exit {
        eprintln!("bgh: {failure}");
    }
    if folder.end(&exit)? { Ok(code) } else { Ok(ExitCode::from(TAKEN)) }
}

/// Whether an attempt left something to go on from.
pub(super) fn has_checkpoint(folder: &Path) -> bool {
    fs::read_dir(folder.join("checkpoint")).is_ok_and(|mut entries| entries.next().is_some())
}

/// Shows that the job lives until it is over. One that was given up, or whose folder is gone, stops at once.
fn watch(folder: &AttemptFolder, over: &AtomicBool, interrupt: &Interrupt) {
    while !over.load(Ordering::SeqCst) {
        folder.beat();
        if folder.is_over() || !folder.path().exists() {
            interrupt.raise();
            interrupt.raise();
            return;
        }
        std::thread::park_timeout(BEAT);
    }
}

/// What Slurm tells the job.
struct Signals {
    interrupt: Interrupt,
    /// Its time will soon be over.
    time: Arc<AtomicBool>,
    /// It ends now.
    ended: Arc<AtomicBool>,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let signals = Self { interrupt: Interrupt::new()?, time: Arc::default(), ended: Arc::default() };
        for (signal, flag) in [(SIGUSR1, &signals.time), (SIGTERM, &signals.ended), (SIGINT, &signals.ended)] {
            let (interrupt, flag) = (signals.interrupt.clone(), Arc::clone(flag));
            let told = move || {
                flag.store(true, Ordering::SeqCst);
                // A second wish would kill a worker in the middle of its checkpoint; Slurm does that itself when it has waited.
                if !interrupt.requested() {
                    interrupt.raise();
                }
            };
            // SAFETY: the handler stores to atomics and writes to a descriptor, which are async-signal-safe.
            unsafe { signal_hook::low_level::register(signal, told) }?;
        }
        Ok(signals)
    }
}

fn attempt(folder: &AttemptFolder, signals: &Signals) -> Result<NodeExit, Failure> {
    let environment = |error: anyhow::Error| Failure::Environment(format!("{error:#}"));
    let task: NodeTask = read(&folder.task()).map_err(environment)?;
    let below = task.read_caches.iter().map(|cache| Store::open_to_read(cache)).collect::<Result<_>>();
    let store = Store::open(&task.cache).map_err(environment)?.over(below.map_err(environment)?);
    let step = step(&task).map_err(environment)?;
    verify(&store, &task)?;
    let machine = Machine {
        worker: task.worker.clone().map(Worker::at),
        devices: Devices::default(),
        cpus: cpus(),
        memory_mib: None,
        guard: Guard::new(vec![own_program(), super::GUARD.into()]),
        cluster: None,
    };
    let contents: BTreeMap<String, Artifact> =
        task.inputs.iter().map(|(port, input)| (port.clone(), input.contents.clone())).collect();
    let digests = contents.iter().map(|(port, artifact)| (port.clone(), artifact.digest())).collect();
    let scratch = Scratch::make().map_err(environment)?;
    let attempt = Attempt {
        store: &store,
        step: &step,
        manifest: Manifest::new(&step, &digests),
        inputs: task.inputs.iter().map(|(port, input)| (port.clone(), input.files.clone())).collect(),
        contents,
        forced: false,
        twice: false,
        machine: &machine,
        share: Share { cpus: cpus(), device: granted().then_some(Accelerator::Granted) },
        limit: task.limit.map(Duration::from_secs_f64),
        interrupt: &signals.interrupt,
        scratch: scratch.path(),
        resources: Resources::default(),
        remote: None,
    };
    let killed = killed_for_memory();
    let work = attempt.work(&JobFolder::new(folder.path()))?;
    if task.strict_memory && killed_for_memory() > killed {
        let words = "the kernel killed a process of it because the job's memory ran out".to_owned();
        return Err(Failure::OutOfMemory { device: false, words });
    }
    sync(&store, &work.outputs).map_err(environment)?;
    let Work { outputs, provenance, device_mib, warnings } = work;
    Ok(NodeExit::Done { outputs, provenance, device_mib, warnings })
}

fn step(task: &NodeTask) -> Result<Step> {
    let kind = KINDS.iter().find(|kind| kind.name == task.kind);
    let kind = kind.with_context(|| format!("this bgh knows no kind `{}`; use one version on all nodes", task.kind))?;
    let input = |(port, input): (&String, &NodeInput)| {
        let made = || Input::Output { step: StepId::new(0), port: port.clone() };
        (port.clone(), if input.is_source { Input::Source(input.files.clone()) } else { made() })
    };
    let inputs = task.inputs.iter().map(input).collect();
    let mut step = Step::of_kind(kind, task.label.clone(), task.params.clone(), task.seed, inputs);
    step.outputs.clone_from(&task.outputs);
    step.setting = Setting { copies: task.copies, pass_env: task.environment.keys().cloned().collect() };
    for (name, value) in &task.environment {
        // SAFETY: the watching thread reads no variable, and no other has been started yet.
        unsafe { std::env::set_var(name, value) };
    }
    Ok(step)
}

/// A node that sees other bytes than the run did must not compute on them.
fn verify(store: &Store, task: &NodeTask) -> Result<(), Failure> {
    for (port, input) in &task.inputs {
        for (name, path) in input.files.iter() {
            let found = store.index().digest(path);
            let expected = input.contents.0.get(name).map(|blob| blob.digest);
            if found.as_ref().ok() == expected.as_ref() {
                continue;
            }
            let fact = match found {
                Ok(_) => "has other bytes than when the job was submitted".to_owned(),
                Err(error) => format!("cannot be read ({error})"),
            };
            let words = format!("input `{port}`: {} {fact} on {}", path.display(), own_node());
            return Err(if input.is_source {
                Failure::SourceChanged(words)
            } else {
                Failure::Slurm { cause: Cause::Infrastructure, job: own_job(), words }
            });
        }
    }
    Ok(())
}

/// Other nodes read what was made: its bytes must have left this one.
fn sync(store: &Store, outputs: &BTreeMap<String, Artifact>) -> Result<()> {
    for blob in outputs.values().flat_map(|artifact| artifact.0.values()) {
        let path = store.blob(blob.digest);
        File::open(&path).and_then(|file| file.sync_all()).with_context(|| format!("cannot make {} safe", path.display()))?;
    }
    Ok(())
}

/// Temporary folder on the node itself, gone when the job is.
struct Scratch(Option<tempfile::TempDir>);

impl Scratch {
    fn make() -> Result<Self> {
        let Some(parent) = std::env::var_os("BGH_SCRATCH").filter(|folder| !folder.is_empty()) else { return Ok(Self(None)) };
        let place = || format!("cannot make a temporary folder in {}", Path::new(&parent).display());
        fs::create_dir_all(&parent).with_context(place)?;
        tempfile::Builder::new().prefix("bgh-").tempdir_in(&parent).map(|folder| Self(Some(folder))).with_context(place)
    }

    fn path(&self) -> Option<&Path> {
        self.0.as_ref().map(tempfile::TempDir::path)
    }
}

fn own_program() -> OsString {
    std::env::current_exe().map_or_else(|_| "/proc/self/exe".into(), PathBuf::into_os_string)
}

/// CPUs that Slurm gave.
fn cpus() -> usize {
    std::env::var("SLURM_CPUS_PER_TASK").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Whether Slurm gave GPUs. Without, the variable is unset, and a program would take all that it sees.
fn granted() -> bool {
    let asked = ["SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE"].iter().any(|name| std::env::var_os(name).is_some());
    asked && std::env::var_os("CUDA_VISIBLE_DEVICES").is_some_and(|devices| !devices.is_empty())
}

/// Processes of this control group that the kernel killed for want of memory, so far; 0 where it does not tell.
fn killed_for_memory() -> u64 {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let counts = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?.trim_start_matches('/'));
        let file = match controllers {
            "" => Path::new("/sys/fs/cgroup").join(path).join("memory.events"),
            one if one.split(',').any(|name| name == "memory") => {
                Path::new("/sys/fs/cgroup/memory").join(path).join("memory.oom_control")
            }
            _ => return None,
        };
        let text = fs::read_to_string(file).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok())
    });
    counts.sum()
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(value),
        Err(error) => bail!("{} was written by another version of bgh: {error}", path.display()),
    }
}
