//! Which step runs when, where and with whom; what is tried again; what two runs do at once. Told by the order of events, never by
//! how long they take.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{Outcome, Space};
use rustix::process::{Pid, Signal, kill_process};

/// Waits for something that will happen; the test fails if it does not.
fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A study in which workers do `misbehave`, on a machine as `site` says.
fn space(misbehave: &str, site: &str) -> Space {
    let space = Space::new();
    space.write("misbehave", misbehave);
    space.write("bgh-site.toml", site);
    space.write("misbehave.trace", "");
    space
}

/// Labels after `word` in the order in which they were told.
fn told(outcome: &Outcome, word: &str) -> Vec<String> {
    let lines = outcome.stderr.lines().filter_map(|line| line.split_once("] ")?.1.strip_prefix(word));
    lines.filter_map(|rest| rest.split_whitespace().next().map(str::to_owned)).collect()
}

/// What workers wrote of themselves.
struct Line {
    what: String,
    kind: String,
    action: String,
    device: String,
}

fn trace(space: &Space) -> Vec<Line> {
    let text = fs::read_to_string(space.path("misbehave.trace")).expect("a trace");
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let [what, kind, action, device, _threads] = words.try_into().expect("five words");
        Line { what, kind, action, device }
    };
    text.lines().map(line).collect()
}

/// The largest number of workers of `kind` that ran at once, on each device.
fn at_once(space: &Space, kind: &str) -> BTreeMap<String, usize> {
    let (mut running, mut most) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    for line in trace(space).into_iter().filter(|line| line.kind == kind) {
        let here = running.entry(line.device.clone()).or_default();
        if line.what == "start" {
            *here += 1
        } else {
            *here -= 1
        }
        let most = most.entry(line.device).or_default();
        *most = (*most).max(*here);
    }
    most
}

#[test]
fn slots_are_used_and_not_exceeded() {
    let space = space("train meet 2", "jobs = 2");
    space.run();
    assert_eq!(at_once(&space, "train"), [("-".to_owned(), 2)].into());
}

#[test]
fn the_command_line_beats_the_site_file() {
    let space = space("", "jobs = 8");
    space.run_with(&["-j", "1"]);
    assert_eq!(at_once(&space, "train"), [("-".to_owned(), 1)].into());
}

#[test]
fn two_devices_are_used_side_by_side_and_never_filled_twice() {
    let space = space(
        "train meet 2",
        "jobs = 8\ndevice = [{ index = 0, memory = \"1200 MiB\" }, { index = 3, memory = \"1200 MiB\" }]",
    );
    space.run();
    let one_each = BTreeMap::from([("0".to_owned(), 1), ("3".to_owned(), 1)]);
    assert_eq!(at_once(&space, "train"), one_each);
    assert_eq!(at_once(&space, "predict"), one_each, "what wants more than a device has gets one alone");
}

#[test]
fn several_jobs_share_a_device_that_holds_them() {
    let space = space("train meet 2", "jobs = 8\ndevice = [{ index = 1, memory = \"2400 MiB\" }]");
    space.run();
    assert_eq!(at_once(&space, "train"), [("1".to_owned(), 2)].into());
}

#[test]
fn chosen_devices_alone_are_used() {
    let space = space("", "device = [{ index = 0, memory = \"9 GiB\" }, { index = 1, memory = \"9 GiB\" }]");
    space.run_with(&["--device", "cuda:1"]);
    assert!(trace(&space).iter().all(|line| line.device == "1"));
    let outcome = space.bgh(&["run", "study.toml", "--force", "train", "--device", "cuda:7"]);
    assert_eq!(outcome.code, 4);
    assert!(outcome.stderr.contains("there is no device 7; there are 0, 1"), "{}", outcome.text());
}

/// Every second attempt runs while no other worker does, on its device or anywhere.
fn assert_second_attempts_alone(space: &Space) {
    let mut running: Vec<String> = vec![];
    let mut full: Vec<String> = vec![];
    let mut again = 0;
    for line in trace(space) {
        match line.what.as_str() {
            "start" => {
                if full.contains(&line.action) {
                    again += 1;
                    assert!(running.is_empty(), "{} was tried again beside {running:?}", line.action);
                }
                running.push(line.action);
            }
            "full" => {
                running.retain(|action| *action != line.action);
                full.push(line.action);
            }
            _ => running.retain(|action| *action != line.action),
        }
    }
    assert_eq!((full.len(), again), (4, 4), "each training ran out of memory once and was tried again");
}

#[test]
fn what_ran_out_of_device_memory_is_tried_again_alone_on_its_device() {
    let space = space("train device-full-once", "jobs = 8\ndevice = [{ index = 0, memory = \"24 GiB\" }]");
    space.run();
    assert_second_attempts_alone(&space);
}

#[test]
fn what_ran_out_of_memory_is_tried_again_alone_on_the_machine() {
    let space = space("train host-full-once", "jobs = 4");
    space.run();
    assert_second_attempts_alone(&space);
}

#[test]
fn others_go_on_while_a_failed_step_rests_and_then_it_is_tried_again() {
    let space = space("train abort-once", "jobs = 1\n[back_off]\nfirst = \"2 s\"");
    let outcome = space.bgh(&["run", "study.toml", "--until", "train"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let again = told(&outcome, "again");
    assert_eq!(again.len(), 4, "{}", outcome.text());
    let runs: Vec<String> = told(&outcome, "run").into_iter().filter(|label| label.starts_with("train")).collect();
    assert_eq!(runs.len(), 8);
    assert_ne!(runs[0], runs[1], "another training started while the first rested");
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    let space = space("train report", "jobs = 1\n[kind.train]\nretries = 5");
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!((outcome.code, told(&outcome, "again").len()), (3, 0), "{}", outcome.text());
}

#[test]
fn an_interrupt_ends_a_rest_at_once() {
    let space = space("train abort-once", "jobs = 1\n[back_off]\nfirst = \"1 h\"\nmost = \"1 h\"");
    let log = space.path("log");
    let file = fs::File::create(&log).expect("a log");
    let arguments = ["run", "study.toml", "--until", "train"];
    let run = space.command(&arguments).stderr(file).spawn().expect("bgh starts");
    wait_for("a rest of all trainings", || fs::read_to_string(&log).is_ok_and(|text| text.matches("] again").count() == 4));
    kill_process(Pid::from_child(&run), Signal::INT).expect("interrupted");
    assert_eq!(Outcome::of(run.wait_with_output().expect("ended")).code, 130);
}

#[test]
fn a_step_that_takes_longer_than_its_limit_has_failed() {
    let space = space("train hang", "[back_off]\nfirst = \"0.1 s\"\n[kind.train]\ntime_limit = \"1 s\"");
    let outcome = space.bgh(&["run", "study.toml", "--until", "train"]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("did not end within its time limit of 1 s"), "{}", outcome.text());
}

#[test]
fn what_took_longest_starts_first_the_next_time() {
    let space = space("train slow", "jobs = 1");
    space.run();
    let outcome = space.bgh(&["run", "study.toml", "--force", "train"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let order: Vec<String> = told(&outcome, "run").into_iter().filter(|label| label.starts_with("train")).collect();
    let slow: Vec<bool> = order.iter().map(|label| label.contains("high")).collect();
    assert_eq!(slow, [true, true, false, false], "{order:?}");
    let plan = space.bgh(&["plan", "study.toml"]);
    assert!(!plan.stdout.contains("about"), "nothing is left to do: {}", plan.text());
    space.edit("learning_rate = 0.01", "learning_rate = 0.02");
    let plan = space.bgh(&["plan", "study.toml"]);
    assert!(plan.stdout.contains("about") && plan.stdout.contains("of work"), "{}", plan.text());
}

#[test]
fn steps_run_twice_have_to_agree() {
    let space = space("", "");
    space.run();
    space.run_with(&["--twice", "train"]);
    assert_eq!(trace(&space).iter().filter(|line| line.kind == "train" && line.what == "start").count(), 4 + 2 * 4);
    space.write("misbehave", "train draw");
    let outcome = space.bgh(&["run", "study.toml", "--twice", "train", "--until", "train"]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("made different bytes: model/weights.safetensors"), "{}", outcome.text());
}

/// A run whose training works on whatever happens, and the number of that worker.
fn run_that_stays(space: &Space) -> (Child, Pid) {
    let run = space.command(&["run", "study.toml", "-j", "1"]).stderr(Stdio::null()).spawn().expect("bgh starts");
    wait_for("a training", || space.path("misbehave.pid").exists());
    let text = fs::read_to_string(space.path("misbehave.pid")).expect("a number");
    fs::remove_file(space.path("misbehave.pid")).expect("read");
    (run, Pid::from_raw(text.parse().expect("a number")).expect("a number"))
}

/// Whether a process runs; one that nobody has reaped yet does not.
fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[test]
fn a_killed_run_takes_its_workers_along() {
    let space = space("train stay", "");
    let (mut run, worker) = run_that_stays(&space);
    run.kill().expect("killed");
    run.wait().expect("ended");
    wait_for("the end of the orphan", || !is_alive(worker));
    space.write("misbehave", "");
    space.run();
}

#[test]
fn an_orphan_whose_guard_was_killed_too_is_ended_by_the_next_run() {
    let whole = Space::new();
    whole.run();
    let space = space("train stay", "");
    let (mut run, worker) = run_that_stays(&space);
    let guard = children(run.id()).into_iter().find(|pid| command_line(*pid).contains("--guard")).expect("a guard");
    kill_process(Pid::from_raw(guard).expect("a number"), Signal::KILL).expect("killed");
    run.kill().expect("killed");
    run.wait().expect("ended");
    assert!(is_alive(worker));
    space.write("misbehave", "");
    space.run();
    assert!(!is_alive(worker));
    assert_eq!(space.digests(), whole.digests());
}

fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn children(parent: u32) -> Vec<i32> {
    let pids = fs::read_dir("/proc").expect("processes").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok()) == Some(parent)
    };
    pids.filter(is_child).collect()
}

#[test]
fn a_second_run_goes_on_beside_the_first_and_takes_over_when_it_dies() {
    let whole = Space::new();
    whole.run();
    let space = space("train stay", "");
    let (mut first, _) = run_that_stays(&space);
    space.write("misbehave", "");
    let log = space.path("log");
    let file = fs::File::create(&log).expect("a log");
    let second = space.command(&["run", "study.toml", "-j", "1"]).stderr(file).spawn().expect("bgh starts");
    let text = || fs::read_to_string(&log).unwrap_or_default();
    wait_for("the other trainings", || text().matches("] done  train").count() == 3);
    assert_eq!(text().matches("] wait  train").count(), 1, "{}", text());
    first.kill().expect("killed");
    first.wait().expect("ended");
    assert_eq!(Outcome::of(second.wait_with_output().expect("ended")).code, 0, "{}", text());
    assert_eq!(text().matches("] done  train").count(), 4, "{}", text());
    assert_eq!(space.digests(), whole.digests());
}

#[test]
fn every_fault_of_a_site_file_is_told_before_anything_runs() {
    let space = space("", "jobs = 0\nmemry = \"1 GiB\"\n");
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("bgh-site.toml:1:8") && outcome.stderr.contains("did you mean `memory`"),
        "{}",
        outcome.text()
    );
    let missing = space.bgh(&["run", "study.toml", "--site", "nowhere.toml"]);
    assert_eq!(missing.code, 2, "{}", missing.text());
    assert!(missing.stderr.contains("nowhere.toml"), "{}", missing.text());
}

#[test]
fn places_come_from_the_site_file_and_are_in_no_key() {
    let space = space("", "");
    space.run();
    fs::create_dir(space.path("elsewhere")).expect("a folder");
    space.write("elsewhere/site.toml", "cache = \"../cache\"\nreports = \"reports\"\njobs = 1\nmemory = \"1 GiB\"\n");
    let ran = space.run_with(&["--site", "elsewhere/site.toml"]);
    assert_eq!(ran, Vec::<String>::new());
    assert!(Path::new(&space.path("elsewhere/reports/mini/report.html")).exists());
}
