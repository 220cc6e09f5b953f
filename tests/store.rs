//! The cache on disk: what may be lost, what is written when, and in which order.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Outcome, Space};

const NOTHING: [&str; 0] = [];

/// Every file and folder below `folder` with what changes when somebody writes to it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u64, u64, i64, i64, i64, i64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let meta = fs::symlink_metadata(&entry).expect("an entry");
        if meta.is_dir() {
            found.extend(tree(&entry));
        }
        let times = (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
        found.insert(entry, (meta.ino(), meta.size(), times.0, times.1, times.2, times.3));
    }
    found
}

/// The key of a step in the last run.
fn action(space: &Space, label: &str) -> String {
    let text = fs::read_to_string(space.path("reports/mini/provenance.json")).expect("the provenance");
    let record: serde_json::Value = serde_json::from_str(&text).expect("provenance is JSON");
    let step = record["steps"].as_array().expect("steps").iter().find(|step| step["step"] == label).expect("the step");
    step["action"].as_str().expect("an action").to_owned()
}

#[test]
fn hints_may_be_lost_or_damaged_at_the_cost_of_time() {
    let space = Space::new();
    space.run();
    for hint in ["index-v2", "memo-v1"] {
        let path = space.path("cache").join(hint);
        let whole = fs::read(&path).expect("the hint");
        fs::remove_file(&path).expect("removed");
        assert_eq!(space.run(), NOTHING, "{hint} is lost");
        let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at % 97 == 96)).collect();
        for damage in [&whole[..whole.len() / 2], &flipped, b"garbage"] {
            fs::write(&path, damage).expect("damaged");
            assert_eq!(space.run(), NOTHING, "{hint} is damaged");
        }
    }
    fs::remove_dir_all(space.path("cache/latest-v2")).expect("removed");
    assert_eq!(space.run(), NOTHING);
    assert_eq!(space.run_with(&["--paranoid"]), NOTHING);
}

#[test]
fn a_record_removed_by_hand_runs_its_step_and_a_damaged_one_says_so() {
    let space = Space::new();
    space.run();
    let action = action(&space, "compare");
    let record = space.path("cache/actions-v1").join(&action[..2]).join(&action[2..]);
    fs::remove_file(&record).expect("removed");
    assert_eq!(space.run(), ["compare"]);
    fs::write(&record, "{").expect("damaged");
    let outcome = space.bgh(&["run", "study.toml"]);
    assert_eq!((outcome.code, outcome.ran()), (0, vec!["compare".to_owned()]));
    assert!(outcome.stderr.contains("its record in the cache is damaged"), "{}", outcome.text());
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing_but_the_time_of_use() {
    let space = Space::new();
    space.run();
    // Files that were written within a second before they were read are read once more: that second is over here.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(space.run(), NOTHING);
    let before = tree(&space.path(""));
    assert_eq!(space.run(), NOTHING);
    let after = tree(&space.path(""));
    let is_use = |path: &PathBuf| path.ends_with("latest-v2/mini");
    let changed: Vec<_> = after.iter().filter(|(path, facts)| before.get(*path) != Some(facts) && !is_use(path)).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{changed:?}");
}

#[test]
fn the_reason_survives_a_run_that_is_killed_before_it_ends() {
    let space = Space::new();
    space.write("misbehave", "train hang");
    let mut run = space.command(&["run", "study.toml"]).stderr(std::process::Stdio::null()).spawn().expect("bgh starts");
    let latest = space.path("cache/latest-v2/mini");
    while !fs::read_to_string(&latest).is_ok_and(|text| text.contains("window[train-w80l35]")) {
        assert!(run.try_wait().expect("a child").is_none(), "the run ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    run.kill().expect("killed");
    run.wait().expect("ended");
    space.edit("size = 64", "size = 72");
    let outcome = space.bgh(&["explain", "study.toml", "window[train-w80l35]"]);
    assert!(outcome.stdout.contains("size 64 → 72"), "{}", outcome.text());
}

#[test]
fn a_source_that_changes_under_a_step_fails_it_and_publishes_nothing() {
    let space = Space::new();
    let header = r#"{"conv1.bias":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    space.write("alexnet.safetensors", &format!("{}{}{header}a", char::from(header.len() as u8), "\0".repeat(7)));
    space.edit("[weights.high]", "[weights.high]\nfrom = { file = \"{network}.safetensors\" }");
    space.write("misbehave", "train edit");
    let outcome = space.bgh(&["run", "study.toml", "--jobs", "1", "--until", "train[none-alexnet-high]"]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("source files of input `start` changed"), "{}", outcome.text());
    assert!(!outcome.ran().iter().any(|label| label.starts_with("train")), "{}", outcome.text());
}

/// What strace saw succeed: calls and their paths.
fn calls(trace: &str) -> Vec<(String, Vec<String>)> {
    let call = |line: &str| {
        let text = line.split_once(' ').map_or(line, |(_, rest)| rest).trim_start();
        let (name, rest) = text.split_once('(')?;
        let done = rest.ends_with("= 0");
        let paths = rest.split(['"', '<', '>']).filter(|part| part.starts_with('/')).map(str::to_owned).collect();
        (done && name.chars().all(char::is_alphanumeric)).then(|| (name.to_owned(), paths))
    };
    trace.lines().filter_map(call).collect()
}

/// Replays the calls: which files are safe when a record gets its name?
#[test]
fn a_record_gets_its_name_after_everything_it_names_is_safe() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: there is no strace, which shows the order of writes");
        return;
    }
    let space = Space::new();
    let traced = "trace=rename,renameat,renameat2,fsync,fdatasync,syncfs";
    let mut command = Command::new("strace");
    let trace = space.path("trace");
    command.args(["-f", "-y", "-s", "4096", "-e", traced, "-e", "signal=none", "-o"]).arg(&trace);
    let inner = space.command(&["run", "study.toml", "--until", "window"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(space.path("")).env("NO_COLOR", "1");
    let outcome = Outcome::of(command.output().expect("strace starts"));
    if outcome.stderr.contains("PTRACE") {
        eprintln!("skipped: strace may not trace here");
        return;
    }
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let trace = fs::read_to_string(trace).expect("the trace");
    // With several threads strace splits a call that takes long; its beginning names the paths, its end is later still.
    let trace = joined(&trace);
    let (mut named, mut safe) = (BTreeSet::new(), BTreeSet::new());
    let mut records = 0;
    for (name, paths) in calls(&trace) {
        match (name.as_str(), paths.as_slice()) {
            ("syncfs", _) => safe.extend(named.iter().cloned()),
            ("fsync" | "fdatasync", [path, ..]) => drop(safe.insert(path.clone())),
            (_, [from, to, ..]) if to.contains("/actions-v1/") => {
                records += 1;
                assert!(safe.contains(from) || synced_whole(&trace, from), "{from} was renamed before it was safe");
                for blob in blobs(&fs::read_to_string(to).expect("the record")) {
                    let path = space.path("cache/cas-v1").canonicalize().expect("cas").join(&blob[..2]).join(&blob[2..]);
                    let path = path.to_string_lossy().into_owned();
                    assert!(safe.contains(&path), "{to} names {path}, which was not safe yet");
                }
            }
            (_, [.., to]) => drop(named.insert(to.clone())),
            _ => {}
        }
    }
    assert!(records > 20, "{records} records were published");
}

/// Whether the file system as a whole was synced before the rename of `from`.
fn synced_whole(trace: &str, from: &str) -> bool {
    let rename = trace.lines().position(|line| line.contains("rename") && line.contains(from));
    rename.is_some_and(|at| trace.lines().take(at).any(|line| line.contains("syncfs(")))
}

/// Calls that strace shows in two parts, put together at the place of the second.
fn joined(trace: &str) -> String {
    let (mut begun, mut lines) = (BTreeMap::new(), vec![]);
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), start.to_owned());
        } else if rest.trim_start().starts_with("<... ") {
            let end = rest.split_once("resumed>").map_or("", |(_, end)| end);
            lines.push(format!("{thread} {}{end}", begun.remove(thread).unwrap_or_default()));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

/// Digests of all blobs that a record names.
fn blobs(record: &str) -> Vec<String> {
    let record: serde_json::Value = serde_json::from_str(record).expect("a record is JSON");
    let ports = record["outputs"].as_object().expect("outputs").values();
    let files = ports.flat_map(|artifact| artifact.as_object().expect("an artifact").values());
    files.map(|blob| blob["digest"].as_str().expect("a digest").to_owned()).collect()
}
