//! Care of a cache through the binary: how large, whether whole, what can go, and runs taken elsewhere.

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bgh::store::Digest;
use common::{Outcome, STEPS, Space};
use serde_json::Value;

const NOTHING: [&str; 0] = [];
/// Only the exams are rendered and read: quick, and no worker is needed.
const SHORT: [&str; 2] = ["--until", "ingest"];
/// Nothing is kept for its age alone.
const STRICT: [&str; 4] = ["--unused", "0", "--grace", "0"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

/// Everything about every file below a folder that a write would change.
fn look(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let stamp = |path: &PathBuf| {
        let meta = fs::metadata(path).expect("a file");
        (meta.ino(), meta.mtime() * 1_000_000_000 + meta.mtime_nsec(), meta.ctime() * 1_000_000_000 + meta.ctime_nsec())
    };
    files(folder)
        .into_iter()
        .map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        })
        .collect()
}

fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::write(path, bytes).expect("written");
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.text()))
}

fn gc(space: &Space, arguments: &[&str]) -> Outcome {
    space.bgh(&[&["cache", "gc"], arguments].concat())
}

fn collected(space: &Space, arguments: &[&str]) -> Value {
    let outcome = gc(space, &[arguments, &["--json"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    json(&outcome)
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run that hangs in a training until it is killed.
fn hanging(space: &Space) -> Child {
    space.write("misbehave", "train hang");
    let run = space.command(&["run", "study.toml"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("bgh starts");
    wait_for("a training", || files(&space.path("cache/jobs-v1")).iter().any(|path| path.ends_with("hanging")));
    run
}

#[test]
fn du_tells_kinds_experiments_runs_and_what_has_no_name() {
    let space = Space::new();
    space.run_with(&SHORT);
    let before = json(&space.bgh(&["cache", "du", "--json"]));
    assert_eq!(before["kinds"]["phantom"]["count"], 18);
    assert_eq!(before["experiments"]["mini"]["count"], 36);
    assert_eq!(before["runs"].as_object().expect("runs").len(), 1);
    assert_eq!(
        (&before["nameless"]["count"], &before["jobs"]["count"], &before["tmp"]["count"]),
        (&0.into(), &0.into(), &0.into())
    );
    let blobs: u64 = files(&space.path("cache/cas-v1")).iter().map(|path| path.metadata().expect("a blob").len()).sum();
    assert_eq!(before["blobs"]["bytes"], blobs);
    let stray = b"nobody's";
    let hex = Digest::of(stray).hex();
    fs::create_dir_all(space.path("cache/cas-v1").join(&hex[..2])).expect("a shard");
    fs::write(space.path("cache/cas-v1").join(&hex[..2]).join(&hex[2..]), stray).expect("a blob");
    fs::create_dir_all(space.path("cache/jobs-v1").join(&hex)).expect("a job");
    let after = json(&space.bgh(&["cache", "du", "--json"]));
    assert_eq!((&after["nameless"]["bytes"], &after["jobs"]["count"]), (&stray.len().into(), &1.into()));
    let text = space.bgh(&["cache", "du", "--runs"]).stdout;
    assert!(text.contains("phantom        18 actions") && text.contains("used by run"), "{text}");
}

#[test]
fn two_blobs_that_hold_each_others_bytes_are_found_with_their_steps_and_mended() {
    let space = Space::new();
    space.run_with(&SHORT);
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
    let blobs = files(&space.path("cache/cas-v1"));
    let (one, other) = (fs::read(&blobs[0]).expect("a blob"), fs::read(&blobs[1]).expect("a blob"));
    assert_ne!(one, other);
    overwrite(&blobs[0], &other);
    overwrite(&blobs[1], &one);
    let dry = space.bgh(&["cache", "verify", "--dry-run"]);
    assert!(dry.code == 5 && blobs[0].exists(), "{}", dry.text());
    let outcome = space.bgh(&["cache", "verify", "--json"]);
    let verdict = json(&outcome);
    assert_eq!((outcome.code, verdict["damaged"].as_array().expect("damaged").len()), (5, 2), "{}", outcome.text());
    let step = verdict["damaged"][0]["steps"][0].as_str().expect("a step");
    assert!(step.starts_with("mini: phantom[") || step.starts_with("mini: ingest["), "{step}");
    assert!(!blobs[0].exists() && !blobs[1].exists());
    let again = space.bgh(&["cache", "verify"]);
    assert!(
        again.code == 5 && again.stdout.contains("2 blobs missing") && again.stdout.contains("of mini: "),
        "{}",
        again.text()
    );
    assert!(!space.run_with(&SHORT).is_empty());
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
}

#[test]
fn records_that_are_torn_or_lie_under_anothers_key_are_found() {
    let space = Space::new();
    space.run_with(&SHORT);
    let records = files(&space.path("cache/actions-v1"));
    overwrite(&records[0], b"{\"outputs\":");
    fs::copy(&records[2], &records[1]).expect("copied");
    let outcome = space.bgh(&["cache", "verify"]);
    assert_eq!(outcome.code, 5, "{}", outcome.text());
    assert!(outcome.stdout.contains("it is the record of another action"), "{}", outcome.text());
    assert!(outcome.stdout.contains("2 damaged · 0 blobs missing"), "{}", outcome.text());
    assert!(!records[0].exists() && !records[1].exists());
    assert_eq!(space.run_with(&SHORT).len(), 2);
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
}

#[test]
fn gc_keeps_what_recent_runs_and_named_specs_need() {
    let space = Space::new();
    space.run_with(&SHORT);
    space.write("old.toml", &common::STUDY.replace("name = \"mini\"", "name = \"old\""));
    space.edit("seed = 1", "seed = 2");
    space.run_with(&SHORT);
    let by_default = collected(&space, &[]);
    assert_eq!((&by_default["results"]["count"], &by_default["blobs"]["count"]), (&0.into(), &0.into()), "young things stay");
    let arguments = [&STRICT[..], &["--recent", "1", "--keep", "old.toml", "--dry-run"]].concat();
    assert_eq!(collected(&space, &arguments)["results"]["count"], 0, "the spec is named");
    let arguments = [&STRICT[..], &["--recent", "1"]].concat();
    let dry = collected(&space, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!((&dry["results"]["count"], &dry["runs"]["count"], &dry["removed"]), (&36.into(), &1.into(), &false.into()));
    assert_eq!(files(&space.path("cache/actions-v1")).len(), 72, "nothing is removed by a dry run");
    let done = collected(&space, &arguments);
    assert_eq!((&done["results"]["count"], &done["kept"]), (&36.into(), &36.into()));
    assert_eq!(done["size_after"], json(&space.bgh(&["cache", "du", "--json"]))["bytes"], "what was foretold came true");
    assert_eq!(space.run_with(&SHORT), NOTHING, "the last run is whole");
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
    space.edit("seed = 2", "seed = 1");
    assert_eq!(space.run_with(&SHORT).len(), 36, "the earlier one is gone");
}

#[test]
fn gc_clears_what_dead_runs_left_and_keeps_young_checkpoints() {
    let space = Space::new();
    space.run_with(&SHORT);
    let jobs = space.path("cache/jobs-v1");
    let (dead, saved) = (Digest::of(b"dead").hex(), Digest::of(b"saved").hex());
    fs::create_dir_all(jobs.join(&dead).join("out/port")).expect("a job");
    fs::create_dir_all(jobs.join(&saved).join("checkpoint")).expect("a job");
    fs::write(jobs.join(&saved).join("checkpoint/state"), "weights").expect("a checkpoint");
    let stray = space.path("cache/tmp/stray");
    let long_ago = fs::FileTimes::new().set_modified(std::time::SystemTime::now() - Duration::from_secs(7200));
    File::create(&stray).and_then(|file| file.set_times(long_ago)).expect("a stray");
    File::create(space.path("cache/tmp/young")).expect("a file on its way");
    let plan = collected(&space, &[]);
    assert_eq!((&plan["jobs"]["count"], &plan["strays"]["count"]), (&1.into(), &1.into()), "{plan}");
    assert!(!jobs.join(&dead).exists() && jobs.join(&saved).join("checkpoint/state").exists());
    assert!(!stray.exists() && space.path("cache/tmp/young").exists());
    assert_eq!(collected(&space, &["--checkpoints", "0"])["jobs"]["count"], 1);
    assert!(!jobs.join(&saved).exists());
}

#[test]
fn gc_names_a_run_that_is_at_work_and_takes_nothing_from_it() {
    let space = Space::new();
    let mut run = hanging(&space);
    let before = files(&space.path("cache/cas-v1"));
    let arguments = [&STRICT[..], &["--recent", "0"]].concat();
    let refused = gc(&space, &arguments);
    let foretold = collected(&space, &[&arguments[..], &["--dry-run"]].concat());
    let after = files(&space.path("cache/cas-v1"));
    run.kill().expect("killed");
    run.wait().expect("ended");
    assert_eq!(refused.code, 4, "{}", refused.text());
    assert!(refused.stderr.contains("in use") && refused.stderr.contains("of mini on "), "{}", refused.text());
    assert_eq!(foretold["results"]["count"], 0, "a living run needs all it has");
    assert!(after.len() >= before.len());
    wait_for("the end of the killed run's workers", || gc(&space, &["--dry-run"]).code == 0 && gc(&space, &[]).code == 0);
}

#[test]
fn runs_go_on_while_garbage_is_collected_over_and_over() {
    let space = Space::new();
    let done = std::sync::atomic::AtomicBool::new(false);
    let arguments = [&STRICT[..], &["--recent", "1", "--wait"]].concat();
    let collections = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut freed = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let outcome = if space.path("cache").exists() { Some(collected(&space, &arguments)) } else { None };
                freed += outcome.map_or(0, |plan| plan["results"]["count"].as_u64().expect("a count"));
            }
            freed
        });
        for seed in 1..=6 {
            let outcome = space.bgh(&["run", "study.toml", "--seed", &seed.to_string(), "--until", "ingest"]);
            assert_eq!(outcome.code, 0, "{}", outcome.text());
            let again = space.bgh(&["run", "study.toml", "--seed", &seed.to_string(), "--until", "ingest"]);
            assert_eq!((again.code, again.ran()), (0, vec![]), "{}", again.text());
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        collector.join().expect("the collector ends")
    });
    assert!(collections >= 36, "earlier runs were collected meanwhile: {collections}");
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
}

#[test]
fn a_quota_lets_the_longest_unused_results_go() {
    let space = Space::new();
    space.run_with(&["--until", "ingest", "--seed", "1"]);
    space.run_with(&["--until", "ingest", "--seed", "2"]);
    assert_eq!(space.run_with(&["--until", "ingest", "--seed", "1"]), NOTHING, "used again");
    let size = json(&space.bgh(&["cache", "du", "--json"]))["bytes"].as_u64().expect("bytes");
    let limit = (size * 2 / 3).to_string();
    let plan = collected(&space, &["--max-size", &limit]);
    assert!(plan["results"]["count"].as_u64().expect("a count") > 0, "{plan}");
    assert!(plan["size_after"].as_u64().expect("a size") <= size * 2 / 3, "{plan}");
    assert_eq!(plan["size_after"], json(&space.bgh(&["cache", "du", "--json"]))["bytes"]);
    assert_eq!(space.run_with(&["--until", "ingest", "--seed", "1"]), NOTHING, "what was used last stays");
    assert!(!space.run_with(&["--until", "ingest", "--seed", "2"]).is_empty());
    assert!(gc(&space, &["--max-size", "50GigaBytes"]).code == 2);
}

#[test]
fn a_run_that_finds_everything_counts_as_a_use() {
    let space = Space::new();
    space.run_with(&SHORT);
    let latest = space.path("cache/latest-v2/mini");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(90 * 86400);
    let set =
        |path: &Path| File::options().append(true).open(path).and_then(|file| file.set_modified(long_ago)).expect("set back");
    set(&latest);
    for path in files(&space.path("cache/actions-v1")).iter().chain(&files(&space.path("cache/runs-v1"))) {
        set(path);
    }
    let unused = |space: &Space| collected(space, &["--recent", "0", "--dry-run"])["results"]["count"].clone();
    assert_eq!(unused(&space), 36);
    assert_eq!(space.run_with(&SHORT), NOTHING);
    assert_eq!(unused(&space), 0);
}

#[test]
fn a_quota_spares_named_specs_and_says_when_they_are_too_large() {
    let space = Space::new();
    space.run_with(&SHORT);
    let outcome = gc(&space, &["--max-size", "1kB", "--keep", "study.toml"]);
    assert!(outcome.code == 0 && outcome.stderr.contains("more than it should"), "{}", outcome.text());
    assert_eq!(space.run_with(&SHORT), NOTHING);
}

#[test]
fn a_bundle_of_a_run_is_the_same_bytes_twice_and_spares_another_cache_all_work() {
    let space = Space::new();
    space.run();
    for name in ["one.bundle", "two.bundle"] {
        let outcome = space.bgh(&["cache", "export", "last", "-o", name]);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
    let bundle = fs::read(space.path("one.bundle")).expect("a bundle");
    assert!(bundle == fs::read(space.path("two.bundle")).expect("a bundle"));
    let other = Space::new();
    fs::remove_file(other.path("study.toml")).expect("removed");
    fs::write(other.path("bundle"), bundle).expect("copied");
    let taken = other.bgh(&["cache", "import", "bundle", "--to", ".", "--json"]);
    assert_eq!(taken.code, 0, "{}", taken.text());
    assert_eq!((&json(&taken)["new"], &json(&taken)["known"]), (&STEPS.into(), &0.into()));
    let run = other.bgh(&["run", "mini.toml"]);
    assert_eq!((run.code, run.ran()), (0, vec![]), "{}", run.text());
    assert_eq!(other.digests(), space.digests());
    let runs = |space: &Space| json(&space.bgh(&["runs", "--json"]))["id"].clone();
    assert_eq!(runs(&other), runs(&space), "the journal came along");
    let again = json(&other.bgh(&["cache", "import", "bundle", "--json"]));
    assert_eq!((&again["new"], &again["known"]), (&0.into(), &STEPS.into()));
    assert_eq!(other.bgh(&["cache", "verify"]).code, 0);
    let explained = other.bgh(&["plan", "mini.toml", "--set", "weights.low.learning_rate=0.5"]).stdout;
    assert!(explained.contains("0.001 → 0.5"), "what each step was last is known: {explained}");
}

#[test]
fn a_bundle_of_a_spec_needs_all_of_its_results() {
    let space = Space::new();
    space.run_with(&SHORT);
    let early = space.bgh(&["cache", "export", "study.toml", "-o", "bundle"]);
    assert!(early.code == 3 && early.stderr.contains("have no result in the cache"), "{}", early.text());
    assert!(!space.path("bundle").exists());
    let unknown = space.bgh(&["cache", "export", "nonesuch", "-o", "bundle"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("no run is called"), "{}", unknown.text());
    let short = space.bgh(&["cache", "export", "last", "-o", "bundle"]);
    assert_eq!(short.code, 0, "{}", short.text());
    fs::remove_file(&files(&space.path("cache/cas-v1"))[0]).expect("removed");
    let broken = space.bgh(&["cache", "export", "last", "-o", "broken"]);
    assert!(broken.code == 3 && broken.stderr.contains("results are not in the cache"), "{}", broken.text());
    assert!(!space.path("broken").exists());
}

#[test]
fn a_bundle_takes_its_source_files_along() {
    let space = Space::new();
    space.bgh(&["phantom", "exams", "--none", "8", "--right", "5", "--left", "5", "--matrix", "64"]);
    dicom(&space);
    space.run_with(&SHORT);
    let outcome = space.bgh(&["cache", "export", "last", "-o", "bundle", "--with-sources"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let other = Space::new();
    fs::remove_file(other.path("study.toml")).expect("removed");
    let bundle = space.path("bundle");
    let bundle = bundle.to_str().expect("UTF-8");
    fs::create_dir_all(other.path("there/exams")).expect("a folder");
    fs::write(other.path("there/exams/labels.csv"), "mine").expect("a file");
    let refused = other.bgh(&["cache", "import", bundle, "--to", "there"]);
    assert!(refused.code == 5 && refused.stderr.contains("labels.csv"), "{}", refused.text());
    assert_eq!(fs::read_to_string(other.path("there/exams/labels.csv")).expect("a file"), "mine");
    assert!(files(&other.path("cache/cas-v1")).is_empty(), "nothing was taken in");
    let taken = other.bgh(&["cache", "import", bundle, "--to", "here"]);
    assert_eq!(taken.code, 0, "{}", taken.text());
    // The key of the pseudonyms goes its own way.
    fs::copy(space.path("cache.key"), other.path("cache.key")).expect("copied");
    let run = other.bgh(&["run", "here/mini.toml", "--until", "ingest"]);
    assert_eq!((run.code, run.ran()), (0, vec![]), "{}", run.text());
}

fn dicom(space: &Space) {
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"\nlabels = \"exams/labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
}

/// A bundle of these files.
fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(vec![], flate2::Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.as_gnu_mut().expect("a GNU header").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *bytes).expect("appended");
    }
    archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("packed")
}

/// Names and contents of the files of an archive.
type Members = Vec<(String, Vec<u8>)>;

fn unpacked(bundle: &[u8]) -> Members {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bundle));
    let entries = archive.entries().expect("entries").map(|entry| entry.expect("an entry"));
    let read = |mut entry: tar::Entry<'_, _>| {
        let mut bytes = vec![];
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("read");
        (entry.path().expect("a path").to_string_lossy().into_owned(), bytes)
    };
    entries.map(read).collect()
}

#[test]
fn what_is_not_a_whole_honest_bundle_is_refused_and_leaves_nothing() {
    let space = Space::new();
    space.run_with(&["--until", "phantom"]);
    assert_eq!(space.bgh(&["cache", "export", "last", "-o", "bundle"]).code, 0);
    let bundle = fs::read(space.path("bundle")).expect("a bundle");
    let members = unpacked(&bundle);
    let other = Space::new();
    let refuse = |what: &str, bytes: &[u8], words: &str| {
        fs::write(other.path("bad"), bytes).expect("written");
        let outcome = other.bgh(&["cache", "import", "bad", "--to", "."]);
        assert!(outcome.code == 5 && outcome.stderr.contains(words), "{what}: {}", outcome.text());
        let left = ["cas-v1", "actions-v1", "tmp", "runs-v1"].map(|name| files(&other.path("cache").join(name)).len());
        assert_eq!(left, [0; 4], "{what}");
        assert!(!other.path("mini.toml").exists() && !other.path("evil").exists(), "{what}");
    };
    let edited = |change: &dyn Fn(&mut Members)| {
        let mut members = members.clone();
        change(&mut members);
        packed(&members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
    };
    let listed = |from: &str, to: &str| {
        edited(&|members| {
            let text = String::from_utf8(members[0].1.clone()).expect("UTF-8");
            assert!(text.contains(from), "{from}");
            members[0].1 = text.replacen(from, to, 1).into_bytes();
        })
    };
    let blob = members.iter().position(|(name, _)| name.starts_with("blobs/")).expect("a blob");
    let blob_bytes = members[blob].1.len();
    refuse("no archive", b"not a bundle", "is no bundle");
    refuse("cut short", &bundle[..bundle.len() / 2], "cut short or damaged");
    refuse("a bit", &edited(&|members| members[blob].1[0] ^= 1), "holds the bytes of");
    refuse("a record", &edited(&|members| members[1].1[20] ^= 1), "record");
    refuse("a file missing", &edited(&|members| drop(members.remove(blob))), "are missing");
    refuse("a file too many", &edited(&|members| members.insert(1, ("blobs/x".into(), vec![]))), "has no place in a bundle");
    refuse("a file twice", &edited(&|members| members.insert(1, members[1].clone())), "twice or not in its list");
    refuse("a way up", &edited(&|members| members.insert(1, ("../evil".into(), vec![1]))), "has no place in a bundle");
    refuse("an absolute path", &edited(&|members| members.insert(1, ("/evil".into(), vec![1]))), "has no place in a bundle");
    refuse("a longer file", &edited(&|members| members[blob].1.push(0)), "where its list says");
    refuse("no list", &edited(&|members| drop(members.remove(0))), "does not begin with its list");
    refuse("newer", &listed("\"format\": 1", "\"format\": 2"), "take a newer one");
    refuse("an experiment that is a path", &listed("\"mini\"", "\"../evil\""), "is no name of an experiment");
    let id = json(&space.bgh(&["runs", "--json"]))["id"].as_str().expect("an id").to_owned();
    refuse("a run that is a path", &listed(&id, "../../evil"), "is no name of a run");
    let source = format!("\"sources\": {{\"../evil\": {{\"digest\": \"{}\", \"size\": {blob_bytes}}}}}", &members[blob].0[6..]);
    refuse("a source that is a path", &listed("\"sources\": {}", &source), "would not lie below");
    let bomb = format!(": {}", 1u64 << 60);
    refuse("a bomb", &listed(&format!(": {blob_bytes}"), &bomb), "are free");
    fs::write(other.path("good"), &bundle).expect("written");
    assert_eq!(other.bgh(&["cache", "import", "good"]).code, 0, "the honest one is taken");
}

#[test]
fn a_link_in_a_bundle_is_refused() {
    let space = Space::new();
    space.run_with(&["--until", "phantom"]);
    assert_eq!(space.bgh(&["cache", "export", "last", "-o", "bundle"]).code, 0);
    let members = unpacked(&fs::read(space.path("bundle")).expect("a bundle"));
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(vec![], flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(members[0].1.len() as u64);
    archive.append_data(&mut header, "bundle.json", members[0].1.as_slice()).expect("appended");
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive.append_link(&mut link, &members[1].0, "/etc/passwd").expect("appended");
    let bytes = archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("packed");
    fs::write(space.path("bad"), bytes).expect("written");
    let outcome = space.bgh(&["cache", "import", "bad", "--cache", "other"]);
    assert!(outcome.code == 5 && outcome.stderr.contains("is no plain file"), "{}", outcome.text());
}

/// Mounts a folder over itself so that nothing can be written to it; says no where that is not allowed.
fn mount_read_only(folder: &Path) -> bool {
    let mount = |arguments: &[&str]| {
        let output = Command::new("mount").args(arguments).arg(folder).output();
        output.is_ok_and(|output| output.status.success())
    };
    let bound = Command::new("mount").arg("--bind").args([folder, folder]).output().is_ok_and(|output| output.status.success());
    bound && mount(&["-o", "remount,bind,ro"])
}

#[test]
fn a_read_only_cache_serves_and_says_clearly_what_it_cannot_do() {
    let space = Space::new();
    space.run();
    fs::remove_dir_all(space.path("reports")).expect("removed");
    let cache = space.path("cache");
    if !mount_read_only(&cache) {
        eprintln!("SKIPPED: a read-only mount needs the right to mount");
        return;
    }
    let before = look(&cache);
    let cached = space.bgh(&["run", "study.toml"]);
    let report = space.path("reports/mini/report.html").exists();
    let looks = [
        &["plan", "study.toml"][..],
        &["explain", "study.toml", "report"],
        &["cache", "du"],
        &["cache", "verify"],
        &["cache", "gc", "--dry-run"],
        &["runs"],
        &["status"],
        &["cache", "export", "last", "-o", "bundle"],
    ]
    .map(|arguments| space.bgh(arguments));
    let computing = space.bgh(&["run", "study.toml", "--seed", "9"]);
    let collecting = space.bgh(&["cache", "gc"]);
    let importing = space.bgh(&["cache", "import", "bundle"]);
    let over =
        space.bgh(&["run", "study.toml", "--seed", "9", "--until", "phantom", "--cache", "own", "--read-cache", "cache"]);
    let after = look(&cache);
    Command::new("umount").arg(&cache).status().expect("umount starts");
    assert_eq!((cached.code, cached.ran()), (0, vec![]), "{}", cached.text());
    assert!(report, "the report is laid out");
    looks.iter().for_each(|outcome| assert_eq!(outcome.code, 0, "{}", outcome.text()));
    assert_eq!(computing.code, 4, "{}", computing.text());
    assert!(
        computing.stderr.contains("cannot be written to") && computing.stderr.contains("--read-cache"),
        "{}",
        computing.text()
    );
    assert_eq!((collecting.code, importing.code), (4, 4), "{}{}", collecting.text(), importing.text());
    assert_eq!(over.code, 0, "{}", over.text());
    assert_eq!(before, after);
}

#[test]
fn a_shared_cache_below_is_used_and_never_written_to() {
    let space = Space::new();
    space.run_with(&["--cache", "shared"]);
    let before = look(&space.path("shared"));
    fs::remove_dir_all(space.path("reports")).expect("removed");
    let layered = ["--cache", "own", "--read-cache", "shared"];
    assert_eq!(space.run_with(&layered), NOTHING, "all of it is below");
    assert!(space.path("reports/mini/report.html").exists());
    assert!(files(&space.path("own/cas-v1")).is_empty());
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    assert_eq!(space.run_with(&layered).len(), 8, "what stands on the change is computed on top of what is below");
    assert_eq!(space.run_with(&layered), NOTHING);
    let environment =
        space.command(&["plan", "study.toml", "--cache", "own"]).env("BGH_READ_CACHE", space.path("shared")).output();
    let planned = Outcome::of(environment.expect("bgh starts"));
    assert!(planned.stdout.contains(&format!("{STEPS} cached")), "{}", planned.text());
    assert_eq!(before, look(&space.path("shared")));
}

#[test]
fn damage_in_a_shared_cache_is_mended_on_top_and_left_below() {
    let space = Space::new();
    space.run_with(&["--cache", "shared", "--until", "ingest"]);
    let blobs = files(&space.path("shared/cas-v1"));
    overwrite(&blobs[0], b"damaged");
    let before = look(&space.path("shared"));
    let layered = ["--cache", "own", "--read-cache", "shared", "--until", "ingest"];
    assert!(!space.run_with(&layered).is_empty());
    assert_eq!(space.run_with(&layered), NOTHING);
    assert_eq!(before, look(&space.path("shared")));
    let own = space.bgh(&["cache", "verify", "--cache", "own"]);
    assert_eq!(own.code, 0, "{}", own.text());
}

#[test]
fn a_missing_shared_cache_is_said() {
    let space = Space::new();
    let outcome = space.bgh(&["run", "study.toml", "--read-cache", "nowhere"]);
    assert!(outcome.code == 4 && outcome.stderr.contains("nowhere"), "{}", outcome.text());
    assert!(!space.path("nowhere").exists());
}

#[test]
fn what_is_made_in_a_group_writable_cache_belongs_to_the_group() {
    let space = Space::new();
    let cache = space.path("cache");
    fs::create_dir(&cache).expect("a folder");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o2775)).expect("shared");
    let run = space.command(&["run", "study.toml", "--until", "train"]);
    // The mask of a careful user, which the workers inherit as well.
    let program = run.get_program().to_owned();
    let arguments: Vec<_> = run.get_args().map(ToOwned::to_owned).collect();
    let mut masked = Command::new("sh");
    masked.args(["-c", "umask 077; exec \"$@\"", "sh"]).arg(program).args(arguments).current_dir(space.path("."));
    run.get_envs().for_each(|(name, value)| match value {
        Some(value) => drop(masked.env(name, value)),
        None => drop(masked.env_remove(name)),
    });
    let outcome = Outcome::of(masked.output().expect("sh starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let mode = |path: &Path| fs::metadata(path).expect("looked at").permissions().mode() & 0o7777;
    let blobs = files(&cache.join("cas-v1"));
    assert!(!blobs.is_empty() && blobs.iter().all(|path| mode(path) == 0o444), "blobs are nobody's to change");
    let private =
        files(&cache).into_iter().filter(|path| !path.starts_with(cache.join("cas-v1")) && mode(path) & 0o060 != 0o060);
    assert_eq!(private.collect::<Vec<_>>(), Vec::<PathBuf>::new());
    let folders: std::collections::BTreeSet<PathBuf> =
        files(&cache).iter().flat_map(|path| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>()).collect();
    for folder in folders.iter().filter(|folder| folder.starts_with(&cache)) {
        assert_eq!(mode(folder) & 0o2070, 0o2070, "{}", folder.display());
    }
}

#[test]
fn a_cache_of_the_previous_format_keeps_its_results() {
    let space = Space::new();
    space.run();
    let cache = space.path("cache");
    let text = fs::read_to_string(cache.join("latest-v2/mini")).expect("the last actions");
    for name in ["latest-v2", "index-v2", "memo-v1", "lock", "runs-v1"] {
        let path = cache.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        assert!(!path.exists());
    }
    fs::create_dir_all(cache.join("latest-v1/mini")).expect("a folder");
    for line in text.lines() {
        let (action, step) = line.split_once(' ').expect("an action and a step");
        fs::write(cache.join("latest-v1/mini").join(Digest::of(step.as_bytes()).short()), action).expect("written");
    }
    File::create(cache.join("index-v1")).and_then(|mut file| file.write_all(b"bghidx1\n")).expect("written");
    let plan = space.bgh(&["plan", "study.toml", "--set", "weights.low.learning_rate=0.5"]).stdout;
    assert!(plan.contains("0.001 → 0.5"), "what each step was last is known: {plan}");
    assert_eq!(space.run(), NOTHING);
    assert_eq!(space.bgh(&["cache", "verify"]).code, 0);
    let plan = collected(&space, &[&STRICT[..], &["--recent", "1"]].concat());
    assert_eq!(plan["results"]["count"], 0, "{plan}");
}

#[test]
fn formats_of_a_newer_version_are_told() {
    let space = Space::new();
    space.run_with(&["--until", "phantom"]);
    fs::create_dir(space.path("cache/actions-v9")).expect("a folder");
    for arguments in [&["plan", "study.toml"][..], &["cache", "du"]] {
        let outcome = space.bgh(arguments);
        assert!(
            outcome.code == 0 && outcome.stderr.contains("newer bgh") && outcome.stderr.contains("actions-v9"),
            "{}",
            outcome.text()
        );
    }
    assert_eq!(gc(&space, &STRICT).code, 0);
    assert!(space.path("cache/actions-v9").exists(), "what is not understood is not touched");
}

/// A cache of `records` results with `blobs` files each, made without computing anything.
fn fill(cache: &Path, records: u32, blobs: u32) {
    use bgh::store::{ActionResult, Artifact, Blob, Provenance};
    let shard = |kind: &str, digest: Digest| {
        let hex = digest.hex();
        let path = cache.join(kind).join(&hex[..2]).join(&hex[2..]);
        fs::create_dir_all(path.parent().expect("a shard")).expect("a shard");
        path
    };
    for record in 0..records {
        let blob = |number: u32| {
            let bytes = format!("blob {number} of record {record}");
            let digest = Digest::of(bytes.as_bytes());
            fs::write(shard("cas-v1", digest), &bytes).expect("a blob");
            (format!("{number}.txt"), Blob { digest, size: bytes.len() as u64 })
        };
        let provenance = Provenance {
            bgh: "0".into(),
            host: "h".into(),
            started: 0,
            seconds: 0.0,
            device: "cpu".into(),
            peak_memory: 0,
            images_per_second: None,
        };
        let outputs = [("port".to_owned(), Artifact((0..blobs).map(blob).collect()))].into();
        let manifest = BTreeMap::from([("kind".to_owned(), "\"made\"".to_owned()), ("record".to_owned(), record.to_string())]);
        let action = Digest::of_parts(manifest.iter().flat_map(|(path, value)| [path.as_bytes(), value.as_bytes()]));
        let result = ActionResult { outputs, provenance, manifest, inputs: BTreeMap::new() };
        fs::write(shard("actions-v1", action), serde_json::to_vec(&result).expect("JSON")).expect("a record");
    }
    ["jobs-v1", "logs-v1", "tmp"].iter().for_each(|name| fs::create_dir_all(cache.join(name)).expect("a folder"));
}

/// Runs a command in so much address space, bytes.
fn confined(space: &Space, bytes: u64, arguments: &[&str]) -> Outcome {
    let mut confined = Command::new("sh");
    confined.args(["-c", &format!("ulimit -v {}; exec \"$@\"", bytes / 1024), "sh", env!("CARGO_BIN_EXE_bgh")]).args(arguments);
    Outcome::of(confined.current_dir(space.path(".")).env("RAYON_NUM_THREADS", "2").output().expect("sh starts"))
}

#[test]
fn a_hundred_thousand_blobs_are_cared_for_in_little_memory() {
    let space = Space::new();
    fill(&space.path("cache"), 1000, 100);
    let told = |name: &str, arguments: &[&str]| {
        let began = Instant::now();
        let outcome = confined(&space, 512 << 20, arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        println!("{name}: {:.2} s", began.elapsed().as_secs_f64());
        json(&outcome)
    };
    let usage = told("du", &["cache", "du", "--json"]);
    assert_eq!((&usage["blobs"]["count"], &usage["kinds"]["made"]["count"]), (&100_000.into(), &1000.into()));
    let verdict = told("verify", &["cache", "verify", "--json"]);
    assert_eq!((&verdict["blobs"], &verdict["records"]), (&100_000.into(), &1000.into()));
    let plan = told("gc", &["cache", "gc", "--unused", "0", "--grace", "0", "--json"]);
    assert_eq!((&plan["blobs"]["count"], &plan["results"]["count"]), (&100_000.into(), &1000.into()));
    assert!(files(&space.path("cache/cas-v1")).is_empty());
}
