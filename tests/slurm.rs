//! Steps as jobs of a real Slurm, and every fault that can be provoked there: nothing is done twice, nothing is lost, nothing is left.
//! Each test starts a cluster of its own on the loopback interface, which takes minutes in all and root: `make test-cluster` installs
//! Slurm and runs them; elsewhere each says so and is skipped.

mod common;
#[path = "common/pipeline.rs"]
mod pipeline;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Outcome, Space};
use pipeline::Pipeline;
use tempfile::TempDir;

/// A Slurm of two nodes with four CPUs and two accelerators each.
struct Slurm {
    folder: TempDir,
}

impl Slurm {
    /// `None`, with a word why, where it is not asked for.
    fn start(settings: &[&str]) -> Option<Self> {
        if std::env::var_os("BGH_NEEDS_SLURM").is_none() {
            eprintln!("skipped: `make test-cluster` runs what needs a Slurm");
            return None;
        }
        let slurm = Self { folder: tempfile::Builder::new().prefix("bgh-slurm-").tempdir_in("/tmp").expect("a folder") };
        fs::set_permissions(slurm.folder.path(), fs::Permissions::from_mode(0o755)).expect("munge wants it so");
        let said = slurm.script("start", settings);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        Some(slurm)
    }

    fn script(&self, action: &str, rest: &[&str]) -> std::process::Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster.py");
        let mut command = Command::new("python3");
        command.env("PATH", path()).arg(script).arg(action).arg(self.folder.path()).args(rest);
        command.output().expect("python3 starts")
    }

    /// Provokes a fault of a daemon: kill, hang, wake or revive.
    fn fault(&self, action: &str, daemon: &str) {
        let said = self.script(action, &[daemon]);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    fn settings(&self, command: &mut Command) {
        command.env("SLURM_CONF", self.folder.path().join("etc/slurm.conf"));
    }

    /// What a client program prints.
    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        self.settings(&mut command);
        let said = command.args(arguments).output().expect("Slurm's programs are there");
        assert!(said.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// Jobs that the queue knows: number, state and name.
    fn jobs(&self) -> Vec<(String, String, String)> {
        let said = self.ask("squeue", &["-h", "-r", "-t", "all", "-o", "%i %T %j"]);
        let words = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            Some((words.next()?, words.next()?, words.next()?))
        };
        said.lines().filter_map(words).collect()
    }

    /// The number of the job that runs for a stage, once one does.
    fn running(&self, stage: &str) -> String {
        let is_it = |state: &str, name: &str| state == "RUNNING" && name.starts_with(&format!("bgh-{stage}-"));
        await_that("the job runs", || self.jobs().into_iter().find(|(_, state, name)| is_it(state, name))).0
    }

    /// What holds the jobs on their nodes. It writes its title over its environment, but keeps the log of its node open.
    fn holders(&self) -> Vec<rustix::process::Pid> {
        let is_one = |process: &PathBuf| {
            let title = fs::read(process.join("cmdline")).unwrap_or_default();
            let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            title.starts_with(b"slurmstepd")
                && open.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file.starts_with(self.folder.path()))
        };
        let processes = fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
        let number = |process: PathBuf| rustix::process::Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?);
        processes.filter(is_one).filter_map(number).collect()
    }

    fn await_state(&self, job: &str, expected: &str) {
        await_that(&format!("job {job} is {expected}"), || {
            self.jobs().into_iter().find(|(number, state, _)| number == job && state == expected)
        });
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        self.script("stop", &[]);
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log/slurmctld.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the controller's last words:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

/// Slurm's daemons are where users have no `PATH` to.
fn path() -> String {
    format!("/usr/bin:{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Waits for what a cluster does in its own time; it does not come true by itself after minutes.
fn await_that<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(240), "it never came true that {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const SITE: &str = "executor = \"slurm\"\n[back_off]\nfirst = \"0.2 s\"\n[slurm]\nmemory = \"200 MiB\"\npoll = \"1 s\"\npoll_most = \"2 s\"\n\
                    lost_after = \"20 s\"\ndead_end_after = \"3 s\"\n";

/// A controller that gives a node time, however busy the machine is: what is back in time has not failed.
const PATIENT: [&str; 1] = ["patience=600"];

/// Four slow steps and one that reads them. A step that ends notes it in a log that `bgh` does not know of; where a file `STAGE.gate`
/// lies beside it, a step waits for it to go.
const SLOW: &str = r#"
name = "slow"

[[stage]]
name = "a"
run = "touch $LOG.began-{x}; while [ -e $LOG.gate ]; do sleep 0.1; done; sleep 1; printf {x} >> $LOG; echo {x} > {outputs.o}"
outputs = { o = "o.txt" }
for_each = { x = ["1", "2", "3", "4"] }
pass_env = ["LOG"]

[[stage]]
name = "c"
run = "printf c >> $LOG; cat {inputs.a}/*/o.txt > {outputs.all}"
inputs = { a = { stage = "a" } }
outputs = { all = "all.txt" }
pass_env = ["LOG"]
export = "out"
"#;

/// A pipeline on a cluster.
struct Lab {
    slurm: Slurm,
    pipeline: Pipeline,
}

impl Lab {
    fn new(spec: &str) -> Option<Self> {
        Self::with(&[], spec)
    }

    fn with(settings: &[&str], spec: &str) -> Option<Self> {
        let slurm = Slurm::start(settings)?;
        let pipeline = Pipeline::new(spec);
        pipeline.write("bgh-site.toml", SITE);
        Some(Self { slurm, pipeline })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.pipeline.command(arguments);
        self.slurm.settings(&mut command);
        command
    }

    fn spawn(&self) -> Child {
        let mut command = self.command(&["--log", "warn", "run", "spec.toml"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().expect("bgh starts")
    }

    fn run(&self) -> Outcome {
        Outcome::of(self.command(&["run", "spec.toml"]).output().expect("bgh starts"))
    }

    /// Steps that a run, counted from 0, knows to be jobs.
    fn placed(&self, run: usize) -> usize {
        let runs = fs::read_dir(self.pipeline.path("cache/runs-v1")).into_iter().flatten().flatten().map(|run| run.path());
        let run = runs.collect::<BTreeSet<_>>().into_iter().nth(run);
        let journal = run.and_then(|run| fs::read_to_string(run.join("events.jsonl")).ok()).unwrap_or_default();
        let events = journal.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let placed = events.filter(|event| event["event"] == "placed" && event["job"].is_string());
        placed.map(|event| event["step"].to_string()).collect::<BTreeSet<_>>().len()
    }

    fn close_gate(&self) {
        self.pipeline.write("log.gate", "");
    }

    fn open_gate(&self) {
        fs::remove_file(self.pipeline.path("log.gate")).expect("the gate was closed");
    }

    /// The run ends well, every step has been done once, and nothing is left: no job, no process, no folder.
    fn is_done_once(&self, run: Child, expected: &str) -> Outcome {
        let outcome = Outcome::of(run.wait_with_output().expect("bgh ends"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        self.is_clean(expected, &outcome.text());
        outcome
    }

    fn is_clean(&self, expected: &str, said: &str) {
        assert_eq!(self.pipeline.noted(), expected, "{said}");
        let left = || self.slurm.jobs().into_iter().filter(|(_, state, _)| state == "RUNNING" || state == "PENDING").count();
        await_that("no job is left", || (left() == 0).then_some(()));
        let jobs = fs::read_dir(self.pipeline.path("cache/jobs-v1")).expect("the folder of jobs");
        assert_eq!(jobs.count(), 0, "{said}");
        assert!(processes_of(&self.pipeline.path("cache/jobs-v1")).is_empty(), "{said}");
        let again = self.run();
        assert!(again.stdout.contains("cached") && !again.stdout.contains("ran"), "{}", again.text());
    }
}

/// Whether a process has a handler for SIGINT.
fn hears_interrupts(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught & 2 > 0)
}

/// The job that a process works for.
fn job_of(process: &Path) -> Option<String> {
    let environment = String::from_utf8_lossy(&fs::read(process.join("environ")).ok()?).into_owned();
    environment.split('\0').find_map(|variable| variable.strip_prefix("BGH_JOB=").map(str::to_owned))
}

/// Processes that work for a job below `folder`.
fn processes_of(folder: &Path) -> Vec<PathBuf> {
    let mark = format!("BGH_JOB={}", folder.display());
    let bears = |process: &PathBuf| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
    };
    let processes = fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
    processes.filter(bears).collect()
}

#[test]
fn a_study_gives_the_same_digests_as_on_this_machine_and_asks_the_queue_once_an_interval() {
    let Some(slurm) = Slurm::start(&[]) else { return };
    let here = Space::new();
    here.run();
    let there = Space::new();
    there.write("bgh-site.toml", &format!("{SITE}[kind.train.slurm]\ngpus = 1\ngpu_type = \"fake\"\n"));
    // Every look at the queue is counted.
    let counter = there.path("bin");
    fs::create_dir(&counter).expect("a folder");
    let squeue = "#!/bin/sh\ndate +%s.%N >> \"$COUNT\"\nexec /usr/bin/squeue \"$@\"\n";
    there.write("bin/squeue", squeue);
    fs::set_permissions(counter.join("squeue"), fs::Permissions::from_mode(0o755)).expect("it can be executed");
    let mut command = there.command(&["run", "study.toml"]);
    slurm.settings(&mut command);
    command.env("PATH", format!("{}:{}", counter.display(), path())).env("COUNT", there.path("looks"));
    let began = Instant::now();
    let outcome = Outcome::of(command.output().expect("bgh starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(there.digests(), here.digests());
    let looks: Vec<f64> =
        fs::read_to_string(there.path("looks")).expect("looks").lines().filter_map(|at| at.parse().ok()).collect();
    let jobs = slurm.jobs();
    assert_eq!(jobs.len(), there.digests().len(), "one job a step: {jobs:?}\n{}", outcome.text());
    assert!(jobs.iter().all(|(_, state, _)| state == "COMPLETED"), "{jobs:?}");
    assert!(jobs.iter().any(|(number, ..)| number.contains('_')), "steps that ask for the same are arrays: {jobs:?}");
    // One a second at most, whatever the number of jobs. Counted, since a busy machine notes one late and the next in time.
    let seconds = looks.last().zip(looks.first()).map_or(0.0, |(last, first)| last - first);
    assert!(looks.len() as f64 <= seconds + 2.0, "{looks:?} in {:?}", began.elapsed());
}

/// Networks are trained on the nodes by the real worker, several at once and each with the CPUs of its job, and here one after the other.
#[test]
fn networks_that_are_trained_on_nodes_are_those_that_are_trained_here() {
    let Some(worker) = common::worker() else { return };
    let Some(slurm) = Slurm::start(&[]) else { return };
    let here = Space::with_worker(worker.clone());
    here.run_with(&["-j", "1"]);
    let there = Space::with_worker(worker);
    there.write(
        "bgh-site.toml",
        &format!("{SITE}[kind.train.slurm]\ncpus = 2\nmemory = \"1500 MiB\"\n[kind.predict.slurm]\nmemory = \"1500 MiB\"\n"),
    );
    let mut command = there.command(&["run", "study.toml"]);
    slurm.settings(&mut command);
    let outcome = Outcome::of(command.output().expect("bgh starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(there.digests(), here.digests());
    let trained = slurm.jobs().into_iter().filter(|(_, state, name)| name.starts_with("bgh-train-") && state == "COMPLETED");
    assert_eq!(trained.count(), 4, "each model was trained by a job: {:?}", slurm.jobs());
}

#[test]
fn a_controller_that_dies_and_comes_back_is_waited_for() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    lab.pipeline.await_file("log.began-1");
    lab.slurm.running("a");
    lab.slurm.fault("kill", "slurmctld");
    lab.open_gate();
    await_that("steps end without a controller", || lab.pipeline.path("log").exists().then_some(()));
    lab.slurm.fault("revive", "slurmctld");
    lab.is_done_once(run, "1234c");
}

#[test]
fn a_submission_whose_answer_was_lost_is_found_by_its_name() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.slurm.fault("hang", "slurmctld");
    let run = lab.spawn();
    // sbatch gives up after five seconds, and the controller takes the job when it wakes.
    let intents = || walk(&lab.pipeline.path("cache/jobs-v1")).into_iter().filter(|path| path.ends_with("intent.json")).count();
    await_that("a submission is written down", || (intents() > 0).then_some(()));
    std::thread::sleep(Duration::from_secs(7));
    lab.slurm.fault("wake", "slurmctld");
    let outcome = lab.is_done_once(run, "1234c");
    assert!(outcome.stderr.contains("looked for by its name"), "{}", outcome.text());
    assert_eq!(lab.slurm.jobs().len(), 5, "no job was submitted twice: {:?}", lab.slurm.jobs());
}

#[test]
fn a_controller_that_hangs_while_jobs_run_changes_nothing() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    lab.slurm.fault("hang", "slurmctld");
    lab.open_gate();
    await_that("steps end meanwhile", || lab.pipeline.path("log").exists().then_some(()));
    lab.slurm.fault("wake", "slurmctld");
    lab.is_done_once(run, "1234c");
}

#[test]
fn a_node_whose_daemon_comes_back_in_time_has_lost_nothing() {
    let Some(lab) = Lab::with(&PATIENT, SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    ["n1", "n2"].iter().for_each(|node| lab.slurm.fault("kill", node));
    lab.open_gate();
    await_that("a step ends meanwhile", || lab.pipeline.path("log").exists().then_some(()));
    ["n1", "n2"].iter().for_each(|node| lab.slurm.fault("revive", node));
    lab.is_done_once(run, "1234c");
}

#[test]
fn what_ran_on_a_node_that_is_gone_runs_on_another_and_only_there() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    let node = lab.slurm.ask("squeue", &["-h", "-t", "RUNNING", "-o", "%N"]).lines().next().expect("a node").to_owned();
    // The daemon is gone, the job's processes live on behind the gate: they must not succeed once the job was given up.
    lab.slurm.fault("kill", &node);
    await_that("Slurm gives the node up", || lab.slurm.jobs().into_iter().find(|(_, state, _)| state == "NODE_FAIL"));
    await_that("another attempt is made", || {
        walk(&lab.pipeline.path("cache/jobs-v1")).into_iter().find(|path| path.ends_with("attempt-2"))
    });
    // Steps that had ended their attempts are those of the living node; the others have second attempts.
    let second = || {
        let folders = walk(&lab.pipeline.path("cache/jobs-v1"));
        folders.into_iter().filter(|path| path.ends_with("attempt-2")).count()
    };
    await_that("the old processes end", || {
        let work = processes_of(&lab.pipeline.path("cache/jobs-v1"));
        let environment = |process: &PathBuf| fs::read(process.join("environ")).unwrap_or_default();
        let is_old = |process: &&PathBuf| String::from_utf8_lossy(&environment(process)).contains("attempt-1");
        let jobs: BTreeSet<String> = work.iter().filter(is_old).filter_map(|process| job_of(process)).collect();
        (second() > 0 && jobs.len() == 4 - second()).then_some(())
    });
    lab.open_gate();
    let outcome = lab.is_done_once(run, "1234c");
    assert!(outcome.stderr.contains("its node failed"), "{}", outcome.text());
}

#[test]
fn a_job_that_somebody_else_cancels_fails_and_is_made_up_for_by_the_next_run() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    // A job that is cancelled before it has claimed its attempt counts as one that its node could not start.
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    let job = lab.slurm.running("a");
    lab.slurm.ask("scancel", &[&job]);
    lab.slurm.await_state(&job, "CANCELLED");
    lab.open_gate();
    let outcome = Outcome::of(run.wait_with_output().expect("bgh ends"));
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("it was cancelled, and not by this run"), "{}", outcome.text());
    lab.is_done_once(lab.spawn(), "1234c");
}

#[test]
fn a_job_that_gives_way_to_another_is_submitted_again() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}partition = \"low\"\n"));
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    for node in ["n1", "n2"] {
        lab.slurm.ask("sbatch", &["-o", "/dev/null", "-p", "main", "-c4", "--mem=400", "-w", node, "--wrap", "sleep 2"]);
    }
    await_that("a job gives way", || lab.slurm.jobs().into_iter().find(|(_, state, _)| state == "PREEMPTED"));
    lab.open_gate();
    let outcome = lab.is_done_once(run, "1234c");
    assert!(outcome.stderr.contains("another job took its place"), "{}", outcome.text());
}

#[test]
fn a_killed_run_leaves_its_jobs_and_the_next_one_takes_them_over() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    for _ in 0..3 {
        let mut run = lab.spawn();
        lab.pipeline.await_file("log.began-1");
        run.kill().expect("it runs");
        run.wait().expect("it ends");
    }
    lab.open_gate();
    lab.is_done_once(lab.spawn(), "1234c");
    assert_eq!(lab.slurm.jobs().len(), 5, "no job was submitted twice: {:?}", lab.slurm.jobs());
}

#[test]
fn a_run_that_is_killed_at_any_moment_does_nothing_twice() {
    let steps: Vec<String> = (10..40).map(|x| format!("\"{x}\"")).collect();
    let spec = SLOW.replace(r#""1", "2", "3", "4""#, &steps.join(", ")).replace("sleep 1; printf {x}", "printf x");
    let Some(lab) = Lab::new(&spec) else { return };
    for pause in [100, 300, 500, 700, 900, 1100, 1300] {
        let mut run = lab.spawn();
        std::thread::sleep(Duration::from_millis(pause));
        let _ = run.kill();
        run.wait().expect("it ends");
    }
    let everything = format!("c{}", "x".repeat(30));
    lab.is_done_once(lab.spawn(), &everything);
}

#[test]
fn a_job_whose_bgh_is_killed_is_tried_again_and_leaves_no_process() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    let on_node = |process: &PathBuf| {
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.contains("--exec-attempt") && words.contains(&lab.pipeline.path("cache").display().to_string())
    };
    let processes = fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
    let victim =
        processes.filter(on_node).find_map(|process| process.file_name()?.to_str()?.parse().ok()).expect("bgh on a node");
    let victim = rustix::process::Pid::from_raw(victim).expect("a number");
    rustix::process::kill_process(victim, rustix::process::Signal::KILL).expect("it runs");
    lab.open_gate();
    let outcome = lab.is_done_once(run, "1234c");
    assert!(outcome.stderr.contains("left no record"), "{}", outcome.text());
}

#[test]
fn a_controller_that_forgets_a_start_is_not_believed() {
    let Some(lab) = Lab::new(SLOW) else { return };
    let run = lab.spawn();
    // What the controller has not saved yet it forgets: the job runs, and waits in the queue as one that could not be started.
    lab.pipeline.await_file("log.began-1");
    lab.slurm.fault("kill", "slurmctld");
    lab.slurm.fault("revive", "slurmctld");
    lab.is_done_once(run, "1234c");
}

#[test]
fn a_node_that_hangs_for_a_while_has_lost_nothing() {
    let Some(lab) = Lab::with(&PATIENT, SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    ["n1", "n2"].iter().for_each(|node| lab.slurm.fault("hang", node));
    lab.open_gate();
    await_that("a step ends meanwhile", || lab.pipeline.path("log").exists().then_some(()));
    ["n1", "n2"].iter().for_each(|node| lab.slurm.fault("wake", node));
    lab.is_done_once(run, "1234c");
}

#[test]
fn a_job_that_nobody_knows_any_more_is_lost_and_tried_again() {
    let Some(lab) = Lab::with(&["age=2"], &SLOW.replace(r#""1", "2", "3", "4""#, r#""1""#)) else { return };
    lab.pipeline
        .write("bgh-site.toml", &SITE.replace("20 s", "4 s").replace("\"1 s\"", "\"8 s\"").replace("\"2 s\"", "\"8 s\""));
    lab.close_gate();
    let run = lab.spawn();
    let job = lab.slurm.running("a");
    // Cancelled, and forgotten by the queue before it is looked at again.
    lab.slurm.ask("scancel", &[&job]);
    await_that("the queue forgets it", || lab.slurm.jobs().iter().all(|(number, ..)| *number != job).then_some(()));
    lab.open_gate();
    lab.is_done_once(run, "1c");
}

/// A run is killed and its job cancelled, in that order, and the queue has forgotten the job before the next run looks at it.
fn forgotten(before_the_cancel: impl Fn(&Slurm)) -> Option<Lab> {
    let lab = Lab::with(&["age=2", "accounts=1"], &SLOW.replace(r#""1", "2", "3", "4""#, r#""1""#))?;
    lab.close_gate();
    let mut run = lab.spawn();
    lab.pipeline.await_file("log.began-1");
    let job = lab.slurm.running("a");
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    before_the_cancel(&lab.slurm);
    lab.slurm.ask("scancel", &[&job]);
    await_that("the queue forgets it", || lab.slurm.jobs().iter().all(|(number, ..)| *number != job).then_some(()));
    lab.open_gate();
    Some(lab)
}

#[test]
fn accounts_tell_the_end_of_a_job_that_the_queue_has_forgotten() {
    let Some(lab) = forgotten(|_| ()) else { return };
    let outcome = lab.run();
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("it was cancelled, and not by this run"), "{}", outcome.text());
    lab.is_done_once(lab.spawn(), "1c");
}

#[test]
fn a_job_that_is_forgotten_while_the_accounts_are_down_is_lost_and_tried_again() {
    let Some(lab) = forgotten(|slurm| slurm.fault("kill", "slurmdbd")) else { return };
    let outcome = lab.is_done_once(lab.spawn(), "1c");
    assert!(outcome.stderr.contains("the accounts are not known just now"), "{}", outcome.text());
}

/// Without munged no client program is believed and none believes the controller: nothing is known, and nothing is over.
#[test]
fn a_login_that_is_not_believed_for_a_while_fails_no_step() {
    let Some(lab) = Lab::with(&PATIENT, SLOW) else { return };
    lab.slurm.fault("kill", "munged");
    let run = lab.spawn();
    let intents = || walk(&lab.pipeline.path("cache/jobs-v1")).into_iter().filter(|path| path.ends_with("intent.json")).count();
    await_that("a submission is written down", || (intents() > 0).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    lab.slurm.fault("revive", "munged");
    lab.is_done_once(run, "1234c");
}

/// What holds a job on its node dies: the step goes on to its end and its record counts. Slurm notices after some minutes, or when somebody
/// cancels the job.
#[test]
fn a_job_that_slurm_has_lost_hold_of_ends_with_a_record() {
    let Some(lab) = Lab::with(&PATIENT, SLOW) else { return };
    lab.close_gate();
    let run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    let (holders, held) = (lab.slurm.holders(), lab.slurm.jobs());
    assert_eq!((holders.len(), held.len()), (4, 4), "one a job: {held:?}");
    holders
        .into_iter()
        .for_each(|holder| rustix::process::kill_process(holder, rustix::process::Signal::KILL).expect("it runs"));
    lab.open_gate();
    let outcome = Outcome::of(run.wait_with_output().expect("bgh ends"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    held.iter().for_each(|(number, ..)| drop(lab.slurm.ask("scancel", &[number])));
    lab.is_clean("1234c", &outcome.text());
    assert_eq!(lab.slurm.jobs().len(), 5, "no job was submitted twice: {:?}", lab.slurm.jobs());
}

#[test]
fn what_ended_while_nobody_looked_is_taken_as_it_is() {
    let Some(lab) = Lab::new(SLOW) else { return };
    let mut run = lab.spawn();
    lab.pipeline.await_file("log.began-1");
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    await_that("its jobs end", || {
        let jobs = lab.slurm.jobs();
        jobs.iter().all(|(_, state, _)| state == "COMPLETED").then_some(())
    });
    lab.is_done_once(lab.spawn(), "1234c");
}

#[test]
fn an_interrupt_leaves_jobs_alone_unless_the_site_says_otherwise() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let interrupt = |number: usize, run: Child| {
        lab.slurm.running("a");
        // What a run has not taken over it does not cancel.
        await_that("the run has its jobs", || (lab.placed(number) == 4).then_some(()));
        await_that("bgh hears signals", || hears_interrupts(run.id()).then_some(()));
        let pid = rustix::process::Pid::from_raw(run.id().cast_signed()).expect("a number");
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        assert_eq!(Outcome::of(run.wait_with_output().expect("bgh ends")).code, 130);
    };
    interrupt(0, lab.spawn());
    assert!(lab.slurm.jobs().iter().any(|(_, state, _)| state == "RUNNING"));
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}cancel_on_exit = true\n"));
    interrupt(1, lab.spawn());
    await_that("jobs are cancelled", || lab.slurm.jobs().iter().all(|(_, state, _)| state == "CANCELLED").then_some(()));
    lab.open_gate();
    lab.is_done_once(lab.spawn(), "1234c");
}

#[test]
fn a_site_that_takes_its_steps_back_gives_up_their_jobs() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let mut run = lab.spawn();
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    lab.pipeline.write("bgh-site.toml", "jobs = 4\n");
    let run = lab.spawn();
    await_that("the jobs notice", || lab.slurm.jobs().iter().all(|(_, state, _)| state == "FAILED").then_some(()));
    lab.open_gate();
    lab.is_done_once(run, "1234c");
}

#[test]
fn memory_that_was_too_little_is_doubled() {
    let spec = r#"
name = "large"
[[stage]]
name = "a"
run = "head -c 300M /dev/zero | tail -c 300M | (sleep 4; wc -c) > {outputs.o}; printf a >> $LOG"
outputs = { o = "o.txt" }
pass_env = ["LOG"]
"#;
    let Some(lab) = Lab::new(spec) else { return };
    let outcome = lab.is_done_once(lab.spawn(), "a");
    assert!(outcome.stderr.contains("memory ran out"), "{}", outcome.text());
}

/// As on most clusters: the kernel kills the process that takes too much, and the step, whose pipeline ends with another one, knows nothing of
/// it and would leave half a file.
#[test]
fn memory_that_the_kernel_refuses_is_doubled() {
    if rustix::fs::access("/sys/fs/cgroup/memory", rustix::fs::Access::WRITE_OK).is_err() {
        eprintln!("skipped: needs root and control groups of the first version");
        return;
    }
    let spec = r#"
name = "large"
[[stage]]
name = "a"
run = "head -c 300M /dev/zero | tail -c 300M | wc -c > {outputs.o}; printf a >> $LOG"
outputs = { o = "o.txt" }
pass_env = ["LOG"]
export = "out"
"#;
    let Some(lab) = Lab::with(&["cgroups=1"], spec) else { return };
    let outcome = lab.is_done_once(lab.spawn(), "aa");
    assert!(outcome.stderr.contains("memory ran out"), "{}", outcome.text());
    let states: Vec<String> = lab.slurm.jobs().into_iter().map(|(_, state, _)| state).collect();
    assert!(states.contains(&"OUT_OF_MEMORY".to_owned()), "{states:?}");
    assert_eq!(lab.pipeline.read("out/o.txt").trim(), (300 << 20).to_string());
}

#[test]
fn time_that_was_too_little_fails_unless_more_will_be_asked_for() {
    let Some(lab) = Lab::new(&SLOW.replace(r#""1", "2", "3", "4""#, r#""1""#)) else { return };
    let cut = || {
        let job = lab.slurm.running("a");
        lab.slurm.ask("scontrol", &["update", &format!("jobid={job}"), "EndTime=now+1"]);
        lab.slurm.await_state(&job, "TIMEOUT");
    };
    lab.close_gate();
    let run = lab.spawn();
    cut();
    let outcome = Outcome::of(run.wait_with_output().expect("bgh ends"));
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("its time was over"), "{}", outcome.text());
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}time = \"5 min\"\ntime_growth = 2\n"));
    let run = lab.spawn();
    cut();
    let job = lab.slurm.running("a");
    assert!(lab.slurm.ask("squeue", &["-h", "-j", &job, "-o", "%l"]).starts_with("10:00"));
    lab.open_gate();
    lab.is_done_once(run, "1c");
}

#[test]
fn what_will_never_start_is_told_at_once_and_given_up() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}time = \"2 h\"\n"));
    let outcome = Outcome::of(lab.spawn().wait_with_output().expect("bgh ends"));
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("may do so for ever: PartitionTimeLimit"), "{}", outcome.text());
    assert!(outcome.stderr.contains("it will never start (PartitionTimeLimit) and was cancelled"), "{}", outcome.text());
    lab.pipeline.write("bgh-site.toml", SITE);
    lab.is_done_once(lab.spawn(), "1234c");
}

#[test]
fn what_slurm_refuses_is_told_with_its_words_and_the_command() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}partition = \"nowhere\"\n"));
    let outcome = lab.run();
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    let said = &outcome.stderr;
    assert!(said.contains("invalid partition specified: nowhere") && said.contains("--partition=nowhere"), "{said}");
}

#[test]
fn a_worker_that_is_told_that_its_time_ends_goes_on_from_its_checkpoint() {
    let Some(slurm) = Slurm::start(&[]) else { return };
    let space = Space::new();
    space.write("bgh-site.toml", SITE);
    space.write("misbehave", "train checkpoint\n");
    let mut command = space.command(&["run", "study.toml", "--until", "train[none-alexnet-low]"]);
    slurm.settings(&mut command);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bgh starts");
    let job = slurm.running("train");
    await_that("the worker is at work", || space.path("misbehave.waits").exists().then_some(()));
    slurm.ask("scancel", &["--batch", "--signal=USR1", &job]);
    let outcome = Outcome::of(run.wait_with_output().expect("bgh ends"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert!(outcome.stderr.contains("its time was nearly over"), "{}", outcome.text());
}

#[test]
fn a_run_that_is_a_job_itself_goes_on_in_another_before_its_time_is_over() {
    let Some(lab) = Lab::new(SLOW) else { return };
    lab.close_gate();
    let outcome = Outcome::of(lab.command(&["run", "spec.toml", "--submit"]).output().expect("bgh starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    (1..=4).for_each(|x| lab.pipeline.await_file(&format!("log.began-{x}")));
    let first = lab.slurm.running("run");
    lab.slurm.ask("scancel", &["--batch", "--signal=USR1", &first]);
    lab.slurm.await_state(&first, "COMPLETED");
    let second = lab.slurm.running("run");
    assert_ne!(first, second);
    lab.open_gate();
    lab.slurm.await_state(&second, "COMPLETED");
    assert_eq!(lab.pipeline.read("out/all.txt"), "1\n2\n3\n4\n");
    lab.is_clean("1234c", &outcome.text());
}

#[test]
fn the_doctor_runs_a_job() {
    let Some(lab) = Lab::new(SLOW) else { return };
    let outcome = Outcome::of(lab.command(&["doctor", "slurm"]).output().expect("bgh starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    for said in ["ok    slurm: ", "ok    partition main*: at most 1:00:00", "known to the queue for 300 s", "ok    test job: n"]
    {
        assert!(outcome.stdout.contains(said), "`{said}` is not in\n{}", outcome.text());
    }
    lab.pipeline.write("bgh-site.toml", &format!("{SITE}prologue = [\"module load nothing || exit 9\"]\n"));
    let outcome = Outcome::of(lab.command(&["doctor", "slurm"]).output().expect("bgh starts"));
    assert!(outcome.code == 4 && outcome.stdout.contains("FAULT test job"), "{}", outcome.text());
}

/// Every file and folder below one.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| [vec![path.clone()], walk(&path)].concat()).collect()
}
