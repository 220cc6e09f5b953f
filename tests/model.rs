//! The executor against its model: random graphs, random failures, kills at random moments, second runs beside the first. A step is
//! a function of its inputs, so what every step has to make is known beforehand.
//!
//! One program in three roles, since runs have to be killed and workers to be real: the test starts itself as orchestrators
//! (`orchestrate FOLDER`), and these start it as workers (`JOBDIR`). `BGH_MODEL_CASES` says how many cases to try, `BGH_MODEL_SEED`
//! where to begin; a case that fails tells its seed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bgh::artifact::Files;
use bgh::execute::{Devices, Event, Executor, Guard, Interrupt, Listener, Machine, Options, Worker};
use bgh::plan::{Input, Plan, StepId};
use bgh::site::BackOff;
use bgh::stage::job::{JobFolder, JobResult};
use bgh::stage::{Kind, Needs, Run, Task};
use bgh::store::Store;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

static HERE: Kind = kind("here", Run::Here(here));
static CHILD: Kind = kind("child", Run::Worker);

const fn kind(name: &'static str, run: Run) -> Kind {
    Kind { name, version: 1, outputs: &["out"], run, needs, cost: 0.01, random: false }
}

fn needs(_: &Value) -> Needs {
    Needs { retries: 2, ..Needs::default() }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["orchestrate", folder] => orchestrate(Path::new(folder)),
        ["guard"] => Guard::watch().map_err(Into::into),
        [job] if Path::new(job).join("job.json").exists() => work(Path::new(job)),
        // The harness of other tests lists and filters; here there is one test.
        ["--list", ..] => {
            println!("model: test");
            Ok(())
        }
        _ => try_cases(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A node of a random graph.
#[derive(Debug, Clone)]
struct Node {
    child: bool,
    inputs: Vec<usize>,
}

/// What a node makes of what its inputs made.
fn made(node: usize, inputs: &[&str]) -> String {
    blake3::hash(format!("{node} {}", inputs.join(" ")).as_bytes()).to_hex().to_string()
}

fn graph(random: &mut SmallRng) -> Vec<Node> {
    let count = random.random_range(2..16);
    let node = |at: usize| {
        let inputs = (0..at).filter(|_| random.random_bool(2.0 / (at as f64 + 2.0))).collect();
        Node { child: random.random_bool(0.7), inputs }
    };
    (0..count).map(node).collect()
}

fn expected(graph: &[Node]) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for (at, node) in graph.iter().enumerate() {
        let inputs: Vec<&str> = node.inputs.iter().map(|input| all[*input].as_str()).collect();
        all.push(made(at, &inputs));
    }
    all
}

fn try_cases() -> Result<()> {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, cases) = (number("BGH_MODEL_SEED", 1), number("BGH_MODEL_CASES", 60));
    println!("model: {cases} cases from seed {first}");
    let mut tally = Tally::default();
    for seed in first..first + cases {
        try_case(seed, &mut tally).with_context(|| format!("the case of BGH_MODEL_SEED={seed} BGH_MODEL_CASES=1 failed"))?;
    }
    println!("model: {tally:?}");
    ensure!(cases < 30 || tally.killed > 0 && tally.failed > 0 && tally.beside > 0, "too tame to say anything");
    Ok(())
}

/// What the cases went through, so that it can be seen that they went through something.
#[derive(Debug, Default)]
struct Tally {
    steps: usize,
    runs: usize,
    killed: usize,
    failed: usize,
    beside: usize,
}

fn try_case(seed: u64, tally: &mut Tally) -> Result<()> {
    let mut random = SmallRng::seed_from_u64(seed);
    let folder = tempfile::tempdir()?;
    let graph = graph(&mut random);
    tally.steps += graph.len();
    write_case(folder.path(), &graph, &mut random)?;
    for _ in 0..random.random_range(0..4) {
        disturbed_run(folder.path(), &mut random, tally)?;
    }
    fs::remove_dir_all(folder.path().join("faults"))?;
    let last = start(folder.path(), 2)?.wait()?;
    ensure!(last.success(), "an undisturbed run failed\n{}", words(folder.path()));
    check(folder.path(), &graph).with_context(|| words(folder.path()))
}

fn words(folder: &Path) -> String {
    fs::read_to_string(folder.join("trace")).unwrap_or_default()
}

fn write_case(folder: &Path, graph: &[Node], random: &mut SmallRng) -> Result<()> {
    let nodes: Vec<Value> = graph.iter().map(|node| json!({"child": node.child, "inputs": node.inputs})).collect();
    fs::write(folder.join("graph.json"), serde_json::to_vec(&nodes)?)?;
    let faults = folder.join("faults");
    fs::create_dir(&faults)?;
    for at in 0..graph.len() {
        // More failures than retries end a run, fewer do not.
        for time in 0..random.random_range(0..6usize).saturating_sub(2) {
            let fault = ["exit", "abort", "kill", "report", "half"][random.random_range(0..5)];
            fs::write(faults.join(format!("{at}-{time}-{fault}")), "")?;
        }
    }
    Ok(())
}

/// A run, perhaps beside a second one, that is perhaps killed.
fn disturbed_run(folder: &Path, random: &mut SmallRng, tally: &mut Tally) -> Result<()> {
    let mut runs = vec![start(folder, random.random_range(1..4))?];
    if random.random_bool(0.4) {
        runs.push(start(folder, random.random_range(1..4))?);
        tally.beside += 1;
    }
    for run in &mut runs {
        tally.runs += 1;
        if random.random_bool(0.5) {
            std::thread::sleep(Duration::from_millis(random.random_range(0..80)));
            tally.killed += usize::from(run.try_wait()?.is_none());
            run.kill()?;
        }
    }
    for mut run in runs {
        tally.failed += usize::from(run.wait()?.code() == Some(1));
    }
    Ok(())
}

fn start(folder: &Path, cpus: usize) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("orchestrate").arg(folder).env("BGH_MODEL", folder).env("BGH_MODEL_CPUS", cpus.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("the test cannot start itself")
}

/// The invariants, from what runs and workers wrote and from what the cache holds.
fn check(folder: &Path, graph: &[Node]) -> Result<()> {
    let trace = words(folder);
    let wrong: Vec<&str> = trace.lines().filter(|line| line.starts_with("wrong")).collect();
    ensure!(wrong.is_empty(), "a step ran before its inputs: {wrong:?}");
    let mut published = BTreeMap::<&str, usize>::new();
    for step in trace.lines().filter_map(|line| line.strip_prefix("made ")) {
        *published.entry(step).or_default() += 1;
    }
    ensure!(published.values().all(|count| *count == 1), "an action was published more than once: {published:?}");
    let (plan, ids) = plan(folder)?;
    let store = Store::open(&folder.join("cache"))?;
    let options = Options { experiment: "model".to_owned(), ..Options::default() };
    let executor = Executor::survey(&plan, &store, &options)?;
    for (at, value) in expected(graph).iter().enumerate() {
        let artifact = executor.output(ids[at], "out").with_context(|| format!("step {at} has no result"))?;
        let text = fs::read_to_string(store.files(artifact).path("value")?)?;
        ensure!(text == *value, "step {at} made {text} and not {value}");
    }
    Ok(())
}

fn plan(folder: &Path) -> Result<(Plan, Vec<StepId>)> {
    let nodes: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("graph.json"))?)?;
    let (mut plan, mut ids) = (Plan::default(), vec![]);
    for (at, node) in nodes.iter().enumerate() {
        let inputs = node["inputs"].as_array().context("inputs")?.iter().filter_map(Value::as_u64);
        let inputs: Vec<usize> = inputs.map(|input| input as usize).collect();
        let connected =
            inputs.iter().map(|input| (format!("{input:03}"), Input::Output { step: ids[*input], port: "out".to_owned() }));
        let kind = if node["child"] == json!(true) { &CHILD } else { &HERE };
        let step = bgh::plan::Step::of_kind(kind, format!("{at}"), json!({"node": at}), None, connected.collect());
        ids.push(plan.add(step));
    }
    Ok((plan, ids))
}

/// The life of one run.
fn orchestrate(folder: &Path) -> Result<()> {
    let (plan, _) = plan(folder)?;
    let store = Store::open(&folder.join("cache"))?;
    let back_off = BackOff { first: Duration::from_millis(2), ..BackOff::default() };
    let options = Options { experiment: "model".to_owned(), back_off, ..Options::default() };
    let mut executor = Executor::survey(&plan, &store, &options)?;
    let program = std::env::current_exe()?;
    let cpus = std::env::var("BGH_MODEL_CPUS")?.parse()?;
    let machine = Machine {
        worker: Some(Worker::at(program.clone())),
        devices: Devices::default(),
        cpus,
        memory_mib: None,
        guard: Guard::new(vec![program.into(), "guard".into()]),
        cluster: None,
    };
    let summary = executor.run(&machine, &Interrupt::on_signals()?, &mut Trace)?;
    ensure!(summary.failed == 0 && summary.not_run == 0, "{summary:?}");
    Ok(())
}

/// Notes what is published.
struct Trace;

impl Listener for Trace {
    fn event(&mut self, event: &Event) {
        if let Event::Finished { step, seconds: Some(_), .. } = event {
            note(&format!("made {step}"));
        }
    }
}

fn note(line: &str) {
    let folder = PathBuf::from(std::env::var_os("BGH_MODEL").expect("the folder of the case"));
    let file = File::options().create(true).append(true).open(folder.join("trace"));
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("the trace can be written");
}

fn here(task: &Task<'_>) -> Result<()> {
    let node = task.params["node"].as_u64().context("a node")? as usize;
    ensure!(take_fault(node)?.is_none_or(|fault| fault == "kill"), "as told");
    compute(node, task.inputs, task.job)
}

fn work(job: &Path) -> Result<()> {
    let job = JobFolder::new(job);
    let spec = job.spec()?;
    let node = spec.params["node"].as_u64().context("a node")? as usize;
    match take_fault(node)?.as_deref() {
        Some("exit") => std::process::exit(7),
        Some("abort") => std::process::abort(),
        Some("kill") => rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?,
        Some("report") => return job.write_result(&JobResult::Failed("as told".to_owned())),
        Some(_) => {
            fs::write(job.port("out")?.join("value"), "half")?;
            std::process::exit(0);
        }
        None => {}
    }
    compute(node, &spec.inputs, &job)?;
    let device_memory = None;
    job.write_result(&JobResult::Done { device: "cpu".to_owned(), peak_memory: 1, images_per_second: None, device_memory })
}

/// The next thing that is to go wrong at this node, if any; whoever removes it does it.
fn take_fault(node: usize) -> Result<Option<String>> {
    let folder = PathBuf::from(std::env::var_os("BGH_MODEL").context("the folder of the case")?).join("faults");
    let names = fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let own = names.filter(|name| name.split('-').next() == Some(&node.to_string()));
    let taken = own.filter(|name| fs::remove_file(folder.join(name)).is_ok()).take(1).last();
    Ok(taken.and_then(|name| name.rsplit('-').next().map(str::to_owned)))
}

fn compute(node: usize, inputs: &BTreeMap<String, Files>, job: &JobFolder) -> Result<()> {
    let read = |files: &Files| fs::read_to_string(files.path("value")?).context("an input");
    let values: Vec<String> =
        inputs.values().map(|files| read(files).inspect_err(|_| note(&format!("wrong {node}")))).collect::<Result<_>>()?;
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    fs::write(job.port("out")?.join("value"), made(node, &values))?;
    Ok(())
}
