//! Kills, damage and full disks: a clear error, the right exit code, nothing lost, nothing half-written.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Outcome, Space};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

/// Waits for something that will happen; the test fails if it does not.
fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_aborting_worker_is_a_failed_stage_and_other_branches_finish() {
    let space = Space::new();
    space.write("misbehave", "predict abort");
    let outcome = space.bgh(&["run", "study.toml", "--keep-going"]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("signal 6 ended it (it aborted)"), "{}", outcome.text());
    assert!(outcome.stderr.contains("c10::Error"), "the worker's last words are shown: {}", outcome.text());
    let trained = outcome.ran().iter().filter(|label| label.starts_with("train")).count();
    assert_eq!(trained, 4, "all trainings finished: {}", outcome.text());
    space.write("misbehave", "");
    let ran = space.run();
    assert!(!ran.iter().any(|label| label.starts_with("train")), "nothing was lost: {ran:?}");
}

#[test]
fn what_the_worker_reports_is_what_the_user_reads() {
    let space = Space::new();
    space.write("misbehave", "train report");
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("the loss is not a number at update 3; try a smaller learning rate"), "{}", outcome.text());
}

#[test]
fn a_worker_that_exits_without_a_result_has_failed() {
    let space = Space::new();
    space.write("misbehave", "train exit");
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("exited with code 7 and left no result"), "{}", outcome.text());
}

#[test]
fn a_missing_worker_is_said_before_anything_runs() {
    let space = Space::with_worker("/nowhere/bgh-torch".into());
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!((outcome.code, outcome.ran()), (4, vec![]));
    assert!(outcome.stderr.contains("/nowhere/bgh-torch") && outcome.stderr.contains("make"), "{}", outcome.text());
}

#[test]
fn a_killed_run_goes_on_to_the_same_digests() {
    let whole = Space::new();
    whole.run();
    let space = Space::new();
    space.write("misbehave", "train hang");
    let mut run = space.command(&["run", "study.toml"]).stderr(std::process::Stdio::null()).spawn().expect("bgh starts");
    wait_for("a training", || files(&space.path("cache/jobs-v1")).iter().any(|path| path.ends_with("hanging")));
    run.kill().expect("killed");
    run.wait().expect("ended");
    assert!(!space.path("reports/mini").exists(), "no half report");
    space.write("misbehave", "");
    space.run();
    assert_eq!(space.digests(), whole.digests());
}

#[test]
fn runs_killed_at_many_moments_end_with_the_same_digests() {
    let whole = Space::new();
    whole.run();
    let space = Space::new();
    for steps in [1, 5, 12, 20, 30, 38, 44] {
        let mut run = space.command(&["run", "study.toml"]).stderr(std::process::Stdio::null()).spawn().expect("bgh starts");
        wait_for("progress", || {
            files(&space.path("cache/actions-v1")).len() >= steps || run.try_wait().expect("looked at").is_some()
        });
        run.kill().ok();
        run.wait().expect("ended");
    }
    space.run();
    assert_eq!(space.digests(), whole.digests());
}

#[test]
fn any_number_of_jobs_gives_the_same_digests() {
    let (one, many) = (Space::new(), Space::new());
    one.run_with(&["-j", "1"]);
    many.run_with(&["-j", "5"]);
    assert_eq!(one.digests(), many.digests());
}

#[test]
fn two_runs_at_once_share_the_work() {
    let space = Space::new();
    let start = || space.command(&["run", "study.toml"]).stderr(std::process::Stdio::piped()).spawn().expect("bgh starts");
    let (first, second) = (start(), start());
    let outcomes = [first, second].map(|run| Outcome::of(run.wait_with_output().expect("ended")));
    for outcome in &outcomes {
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
    let ran: Vec<String> = outcomes.iter().flat_map(Outcome::ran).collect();
    let mut once = ran.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), ran.len(), "no action ran twice: {ran:?}");
}

#[test]
fn a_damaged_blob_is_made_again() {
    let space = Space::new();
    space.run();
    let digests = space.digests();
    let is_weights = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| bytes.get(8..22) == Some(b"{\"conv1.bias\":"));
    let weights = files(&space.path("cache/cas-v1")).into_iter().find(is_weights).expect("the stand-in's weights");
    let length = fs::metadata(&weights).expect("a file").len() as usize;
    fs::set_permissions(&weights, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::write(&weights, "x".repeat(length)).expect("damaged");
    let ran = space.run();
    assert_eq!(ran.len(), 1, "one training, whose result is what it was: {ran:?}");
    assert_eq!(space.digests(), digests);
}

#[test]
fn verify_finds_damage_and_says_so_by_its_exit_code() {
    let space = Space::new();
    space.run();
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
    let blob = files(&space.path("cache/cas-v1")).pop().expect("a blob");
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::write(&blob, "damaged").expect("damaged");
    assert_eq!(space.bgh(&["cache", "verify"]).code, 5);
    space.run();
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_half_written() {
    let space = Space::new();
    let small = space.path("small");
    fs::create_dir(&small).expect("a folder");
    let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"]).arg(&small).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: a full disk needs the right to mount a small one");
        return;
    }
    let cache = small.join("cache");
    let outcome = space.bgh(&["run", "study.toml", "--cache", &cache.to_string_lossy()]);
    let blobs = files(&cache.join("cas-v1"));
    let damaged = blobs.iter().filter(|path| !holds_its_name(path)).count();
    std::process::Command::new("umount").arg(&small).status().expect("umount starts");
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.text());
    assert_eq!(damaged, 0);
}

fn holds_its_name(path: &Path) -> bool {
    let name: String = path
        .components()
        .rev()
        .take(2)
        .collect::<Vec<_>>()
        .iter()
        .rev()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    bgh::store::Digest::of_file(path).is_ok_and(|digest| digest.hex() == name)
}

#[test]
fn an_empty_cohort_and_a_single_class_are_refused_with_the_reason() {
    let space = Space::new();
    space.edit("exams = { none = 8, right = 5, left = 5 }", "exams = { none = 0, right = 0, left = 0 }");
    let empty = space.bgh(&["run", "study.toml"]);
    assert_eq!((empty.code, empty.ran()), (2, vec![]), "{}", empty.text());
    space.edit("exams = { none = 0, right = 0, left = 0 }", "exams = { none = 18, right = 0, left = 0 }");
    let single = space.bgh(&["run", "study.toml"]);
    assert_eq!(single.code, 2, "{}", single.text());
    assert!(single.stderr.contains("left") || single.stderr.contains("positive"), "{}", single.text());
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let space = Space::new();
    space.write("misbehave", "train hang");
    let run = space.command(&["run", "study.toml"]).stderr(std::process::Stdio::piped()).spawn().expect("bgh starts");
    wait_for("a training", || files(&space.path("cache/jobs-v1")).iter().any(|path| path.ends_with("hanging")));
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("interrupted");
    let outcome = Outcome::of(run.wait_with_output().expect("ended"));
    assert_eq!(outcome.code, 130, "{}", outcome.text());
    assert!(outcome.stderr.contains("the same command goes on"), "{}", outcome.text());
}
