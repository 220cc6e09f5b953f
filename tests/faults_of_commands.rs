//! What may go wrong around a run of commands, provoked for real: nothing wrong is served, nothing finished is lost, and nobody's files
//! outside the cache are touched.

mod common;
#[path = "common/pipeline.rs"]
mod pipeline;

use std::fs::{self, File, FileTimes};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use common::Outcome;
use pipeline::Pipeline;

/// Four chains of two, gathered; every output has some 20 KiB.
const SPEC: &str = r#"
name = "chains"

[[stage]]
name = "a"
run = "printf A >> $LOG; seq -s ' ' {x} 4000 > {outputs.o}; cat {inputs.source} >> {outputs.o}"
inputs = { source = "source.txt" }
outputs = { o = "o.txt" }
for_each = { x = [1, 2, 3, 4] }
pass_env = ["LOG"]

[[stage]]
name = "b"
run = "printf B >> $LOG; tr ' ' ',' < {inputs.a} > {outputs.o}"
inputs = { a = { stage = "a" } }
outputs = { o = "o.txt" }
for_each = { x = [1, 2, 3, 4] }
pass_env = ["LOG"]

[[stage]]
name = "c"
run = "printf C >> $LOG; cat {inputs.b}/*/o.txt | cksum > {outputs.sum}"
inputs = { b = { stage = "b" } }
outputs = { sum = "sum.txt" }
pass_env = ["LOG"]
export = "out"
"#;

fn chains() -> Pipeline {
    let chains = Pipeline::new(SPEC);
    chains.write("source.txt", "source\n");
    chains
}

/// What an undisturbed run makes.
fn expected() -> String {
    let chains = chains();
    assert_eq!(chains.run(), "AAAABBBBC");
    chains.read("out/sum.txt")
}

/// The run must succeed, make what an undisturbed one makes and leave a cache that is whole.
fn recovers(chains: &Pipeline, arguments: &[&str], expected: &str, what: &str) {
    let outcome = chains.try_run(arguments);
    assert_eq!(outcome.code, 0, "{what}: {}", outcome.text());
    assert_eq!(chains.read("out/sum.txt"), expected, "{what}");
    let cache: Vec<&str> = arguments.iter().copied().skip_while(|word| *word != "--cache").take(2).collect();
    let verified = chains.bgh(&[&["cache", "verify"], cache.as_slice()].concat());
    assert_eq!(verified.code, 0, "{what}: {}", verified.text());
}

#[test]
fn a_run_that_is_killed_after_any_event_goes_on_to_the_same_result() {
    let expected = expected();
    for events in 1..=24 {
        let chains = chains();
        let mut run = chains.command(&["run", "spec.toml", "--json-events"]);
        let mut run = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("bgh starts");
        let lines = BufReader::new(run.stdout.take().expect("piped")).lines();
        assert!(lines.take(events).all(|line| line.is_ok()));
        run.kill().expect("killed");
        run.wait().expect("ended");
        recovers(&chains, &[], &expected, &format!("after event {events}"));
        assert_eq!(chains.run_with(&[]).replace(['A', 'B', 'C'], ""), "");
    }
}

#[test]
fn of_two_runs_that_share_steps_one_may_be_killed() {
    let expected = expected();
    let chains = chains();
    let hold = "test ! -e $LOG.hold || { touch $LOG.held; while test -e $LOG.hold; do sleep 0.01; done; }; printf A";
    chains.edit("printf A", hold);
    chains.write("log.hold", "");
    chains.write(
        "other.toml",
        &chains.read("spec.toml").replace("name = \"chains\"", "name = \"other\"").replace("\"out\"", "\"other\""),
    );
    let mut first = chains.spawn(&["run", "spec.toml"]);
    chains.await_file("log.held");
    let second = chains.spawn(&["run", "other.toml"]);
    first.kill().expect("killed");
    first.wait().expect("ended");
    fs::remove_file(chains.path("log.hold")).expect("released");
    let outcome = Outcome::of(second.wait_with_output().expect("ended"));
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(chains.read("other/sum.txt"), expected);
}

/// A file system of a given size; unmounted with it.
struct Small(PathBuf);

impl Small {
    /// `None` where nothing may be mounted.
    fn mount(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn grow(&self, size: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0).status().expect("mount");
        assert!(status.success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_is_full_at_any_moment_is_told_and_the_run_goes_on_when_it_is_not() {
    let expected = expected();
    let mut full = 0;
    for kib in (0..30).map(|step| 4 + 12 * step) {
        let chains = chains();
        let Some(disk) = Small::mount(chains.path("disk"), &format!("{kib}k")) else {
            eprintln!("skipped: nothing may be mounted here");
            return;
        };
        let arguments = ["--cache", "disk/cache"];
        let outcome = chains.try_run(&arguments);
        if outcome.code != 0 {
            full += 1;
            assert!([3, 4].contains(&outcome.code), "{kib} KiB: {}", outcome.text());
            assert!(outcome.stderr.contains("No space left"), "{kib} KiB: {}", outcome.text());
        }
        disk.grow("16m");
        recovers(&chains, &arguments, &expected, &format!("{kib} KiB"));
    }
    assert!(full >= 5, "only {full} disks were full: the sizes are too large");
}

#[test]
fn events_that_cannot_be_written_are_told_and_lose_no_result() {
    let chains = chains();
    let outcome = chains.try_run(&["--json-events=/dev/full"]);
    assert_eq!(chains.read("out/sum.txt"), expected());
    assert!(outcome.stderr.contains("/dev/full") && !outcome.stderr.contains("panicked"), "{}", outcome.text());
}

#[test]
fn nobody_panics_where_nobody_listens() {
    let chains = chains();
    for arguments in
        [&["run", "spec.toml"][..], &["plan", "spec.toml", "--all"], &["check", "spec.toml"], &["cache", "du"], &["runs"]]
    {
        let full = File::options().write(true).open("/dev/full").expect("the device");
        let output = chains.command(arguments).stdout(full).output().expect("bgh starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked") && output.status.code() != Some(101), "{arguments:?}: {stderr}");
    }
    assert_eq!(chains.read("out/sum.txt"), expected());
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

/// Makes room for something else in a file's place.
fn cleared(path: &Path) -> &Path {
    fs::remove_file(path).expect("removed");
    path
}

#[test]
fn whatever_becomes_of_a_blob_or_a_record_the_next_run_puts_it_right() {
    type Damage = fn(&Path, &Path);
    let expected = expected();
    let damages: [(&str, Damage); 7] = [
        ("truncated", |path, _| {
            let bytes = fs::read(path).expect("bytes");
            fs::write(cleared(path), &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("empty", |path, _| fs::write(cleared(path), "").expect("written")),
        ("flipped", |path, _| {
            let mut bytes = fs::read(path).expect("bytes");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(cleared(path), bytes).expect("written");
        }),
        ("missing", |path, _| {
            cleared(path);
        }),
        ("a folder", |path, _| fs::create_dir(cleared(path)).expect("made")),
        ("a link", |path, other| symlink(other, cleared(path)).expect("linked")),
        ("another's", |path, other| {
            fs::copy(other, cleared(path)).expect("copied");
        }),
    ];
    for kind in ["cas-v1", "actions-v1"] {
        for (name, damage) in damages {
            let chains = chains();
            chains.run();
            let all = files(&chains.path("cache").join(kind));
            for at in [0, all.len() / 2] {
                damage(&all[at], &all[all.len() - 1]);
            }
            recovers(&chains, &[], &expected, &format!("{kind} {name}"));
        }
    }
}

#[test]
fn hints_that_are_garbage_cost_time_and_nothing_else() {
    let expected = expected();
    for hint in ["index-v2", "memo-v1", "latest-v2/chains", "learned-v1"] {
        for garbage in [&b""[..], b"garbage", &[0xff; 5000]] {
            let chains = chains();
            chains.run();
            let path = chains.path("cache").join(hint);
            assert!(path.exists(), "{hint} is there");
            fs::write(&path, garbage).expect("written");
            recovers(&chains, &[], &expected, hint);
            assert_eq!(chains.noted(), "", "{hint}: nothing ran again");
        }
    }
}

#[test]
fn times_of_another_age_deceive_nobody() {
    let chains = chains();
    let far = SystemTime::now() + Duration::from_secs(80 * 365 * 86_400);
    for (time, [before, after]) in [(far, ["one\n", "two\n"]), (SystemTime::UNIX_EPOCH, ["six\n", "ten\n"])] {
        chains.write("source.txt", before);
        chains.run();
        let stamp = |name: &str| {
            let file = File::options().write(true).open(chains.path(name)).expect("opens");
            file.set_times(FileTimes::new().set_modified(time)).expect("stamped");
        };
        stamp("source.txt");
        assert_eq!(chains.run(), "");
        chains.write("source.txt", after);
        stamp("source.txt");
        assert_ne!(chains.run(), "", "an edit with the time put back");
    }
}

#[test]
fn a_source_that_is_a_pipe_or_goes_away_is_told() {
    let chains = chains();
    fs::remove_file(chains.path("source.txt")).expect("removed");
    assert!(Command::new("mkfifo").arg(chains.path("source.txt")).status().expect("mkfifo").success());
    let outcome = chains.try_run(&[]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("there is no file source.txt"), "{}", outcome.text());
    fs::remove_file(chains.path("source.txt")).expect("removed");
    chains.write("source.txt", "source\n");
    chains.edit("printf A", "rm -f $LOG.source; printf A");
    chains.edit("inputs = { source = \"source.txt\" }", "inputs = { source = \"log.source\" }");
    chains.write("log.source", "source\n");
    let outcome = chains.try_run(&["-j1"]);
    assert!([3, 4].contains(&outcome.code) && outcome.stderr.contains("log.source"), "{}", outcome.text());
    assert!(!chains.path("out/sum.txt").exists());
}

/// One command that leaves `o` in its folder.
fn one(run: &str, more: &str) -> (Pipeline, Outcome) {
    let spec = format!(
        "name = \"one\"\n[[stage]]\nname = \"a\"\nrun = {run:?}\noutputs = {{ o = \"o/\" }}\nexport = \"out\"\n{more}\n"
    );
    let pipeline = Pipeline::new(&spec);
    let outcome = pipeline.try_run(&[]);
    (pipeline, outcome)
}

#[test]
fn names_of_outputs_may_be_odd_but_not_ambiguous() {
    let (pipeline, outcome) = one("touch \"$(printf 'o/a\\nb')\" 'o/ c ' o/$(printf 'x%.0s' $(seq 200))", "");
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert!(pipeline.path("out/o/a\nb").exists() && pipeline.path("out/o/ c ").exists());
    let (_, outcome) = one("touch \"$(printf 'o/\\377')\" \"$(printf 'o/\\376')\"", "");
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("is not UTF-8"), "{}", outcome.text());
}

#[test]
fn devices_and_sockets_are_no_outputs() {
    let socket = "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"o/s\")'";
    for run in ["mknod o/null c 1 3", socket] {
        let (_, outcome) = one(run, "");
        assert_eq!(outcome.code, 3, "{}", outcome.text());
        assert!(
            outcome.stderr.contains("neither file nor folder") || outcome.stderr.contains("not permitted"),
            "{}",
            outcome.text()
        );
    }
}

#[test]
fn a_command_may_close_its_outputs_and_leave_children() {
    let (pipeline, outcome) = one("exec >&- 2>&-; (sleep 1000 &) ; echo x > o/x", "");
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(pipeline.read("out/o/x"), "x\n");
}

#[test]
fn a_command_that_hangs_and_hears_nothing_is_ended_at_its_limit() {
    let (_, outcome) = one("trap '' TERM; while true; do sleep 0.1; done", "needs = { time = \"0.2 s\" }\n");
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("time limit of 0.2 s"), "{}", outcome.text());
}

#[test]
fn what_lies_in_the_way_of_an_export_is_told_and_left_alone() {
    let chains = chains();
    chains.write("out/sum.txt/kept.txt", "kept");
    let outcome = chains.try_run(&[]);
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("out/sum.txt"), "{}", outcome.text());
    assert_eq!(chains.read("out/sum.txt/kept.txt"), "kept");
    fs::remove_dir_all(chains.path("out")).expect("removed");
    fs::create_dir(chains.path("out")).expect("made");
    chains.write("theirs.txt", "theirs");
    symlink(chains.path("theirs.txt"), chains.path("out/sum.txt")).expect("linked");
    assert_eq!(chains.try_run(&[]).code, 0);
    assert_eq!((chains.read("theirs.txt"), chains.read("out/sum.txt")), ("theirs".to_owned(), expected()));
}

/// A user without rights.
const NOBODY: u32 = 65534;

/// Runs `bgh` as a user without rights, to whom the folder belongs; `None` where that is not possible.
fn as_nobody(chains: &Pipeline, arguments: &[&str]) -> Option<Outcome> {
    let folder = chains.path("");
    chown(&folder, Some(NOBODY), Some(NOBODY)).ok()?;
    let mut command = chains.command(arguments);
    Some(Outcome::of(command.uid(NOBODY).gid(NOBODY).output().ok()?))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn what_may_not_be_read_or_written_is_named() {
    let chains = chains();
    let Some(outcome) = as_nobody(&chains, &["run", "spec.toml"]) else {
        eprintln!("skipped: only root can become another user");
        return;
    };
    if outcome.stderr.contains("cannot start") || outcome.code == -1 {
        eprintln!("skipped: another user cannot run this build of bgh: {}", outcome.text());
        return;
    }
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    chains.write("source.txt", "other\n");
    mode(&chains.path("source.txt"), 0o000);
    let outcome = as_nobody(&chains, &["run", "spec.toml"]).expect("as before");
    assert!([2, 3, 4, 1].contains(&outcome.code) && outcome.stderr.contains("source.txt"), "{}", outcome.text());
    mode(&chains.path("source.txt"), 0o644);
    fs::create_dir(chains.path("locked")).expect("made");
    mode(&chains.path("locked"), 0o555);
    let outcome = as_nobody(&chains, &["run", "spec.toml", "--cache", "locked/cache"]).expect("as before");
    assert_eq!(outcome.code, 4, "{}", outcome.text());
    assert!(outcome.stderr.contains("locked"), "{}", outcome.text());
    mode(&chains.path("out"), 0o555);
    let outcome = as_nobody(&chains, &["run", "spec.toml"]).expect("as before");
    assert!(outcome.code != 0 && outcome.stderr.contains("out/sum.txt"), "{}", outcome.text());
    mode(&chains.path("out"), 0o755);
    assert_eq!(as_nobody(&chains, &["run", "spec.toml"]).expect("as before").code, 0);
}

#[test]
fn a_cache_whose_lock_cannot_be_had_is_not_used_and_not_collected() {
    let chains = chains();
    chains.run();
    let lock = chains.path("cache/lock");
    fs::remove_file(&lock).expect("removed");
    symlink(&lock, &lock).expect("a link to itself");
    for arguments in [&["run", "spec.toml"][..], &["cache", "gc"], &["cache", "gc", "--wait"]] {
        let outcome = chains.bgh(arguments);
        assert_eq!(outcome.code, 4, "{arguments:?}: {}", outcome.text());
        assert!(outcome.stderr.contains("cache/lock"), "{arguments:?}: {}", outcome.text());
    }
}

/// Stands before the C library: writing a file through to the disk fails while the file named in EIO is there.
const SHIM: &str = r#"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
int fsync(int file) { if (access(getenv("EIO"), F_OK) == 0) { errno = EIO; return -1; } return 0; }
int fdatasync(int file) { return fsync(file); }
"#;

#[test]
fn a_disk_that_fails_is_told_and_nothing_is_published_that_is_not_safe() {
    let chains = chains();
    chains.write("shim.c", SHIM);
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o", "shim.so", "shim.c"]).current_dir(chains.path("")).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no C compiler");
        return;
    }
    let run = || {
        let mut command = chains.command(&["run", "spec.toml", "-j1"]);
        command.env("LD_PRELOAD", chains.path("shim.so")).env("EIO", chains.path("eio"));
        Outcome::of(command.output().expect("bgh starts"))
    };
    chains.write("eio", "");
    let outcome = run();
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("Input/output error"), "{}", outcome.text());
    assert!(files(&chains.path("cache/actions-v1")).is_empty() && !chains.path("out").exists());
    fs::remove_file(chains.path("eio")).expect("removed");
    assert_eq!(run().code, 0);
    recovers(&chains, &[], &expected(), "a disk that works again");
}

#[test]
fn what_lies_behind_a_link_or_has_another_name_stays_its_owners() {
    let spec = |run: &str, path: &str| {
        format!(
            "name = \"one\"\n[[stage]]\nname = \"a\"\nrun = {run:?}\noutputs = {{ o = {path:?} }}\npass_env = [\"LOG\"]\nexport = \"out\"\n"
        )
    };
    let behind = Pipeline::new(&spec("rmdir d; ln -s $LOG.theirs d", "d/o.txt"));
    behind.write("log.theirs/o.txt", "theirs");
    let outcome = behind.try_run(&[]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("lies behind the link"), "{}", outcome.text());
    assert_eq!(behind.read("log.theirs/o.txt"), "theirs");
    let linked = Pipeline::new(&spec("ln $LOG.theirs o.txt", "o.txt"));
    linked.write("log.theirs", "theirs");
    mode(&linked.path("log.theirs"), 0o644);
    assert_eq!(linked.try_run(&[]).code, 0);
    let theirs = fs::metadata(linked.path("log.theirs")).expect("there");
    assert_eq!(theirs.permissions().mode() & 0o777, 0o644);
    linked.write("log.theirs", "edited");
    fs::remove_file(linked.path("out/o.txt")).expect("removed");
    assert_eq!(linked.run(), "");
    assert_eq!(linked.read("out/o.txt"), "theirs");
}
