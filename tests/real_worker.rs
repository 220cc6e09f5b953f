//! The whole spine with the real worker and networks of a few channels: phantom to report, twice, with a kill between.

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::Space;

/// The worker that `BGH_TORCH` names, else the one beside `bgh`; without it the test says so loudly.
fn worker() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_BIN_EXE_bgh")).with_file_name("bgh-torch");
    let worker = std::env::var_os("BGH_TORCH").map_or_else(beside, PathBuf::from);
    if !worker.is_file() {
        eprintln!("SKIPPED: {} not found: no network was trained; `make test` builds it first", worker.display());
        return None;
    }
    Some(worker)
}

fn space(worker: &Path) -> Space {
    let space = Space::with_worker(worker.to_owned());
    space.edit("[weights.low]\nlearning_rate = 0.001", "[weights.low]\nlearning_rate = 0.001\n[weights.low.from]\nformula = \"ifs\"\ncategories = 2\nsamples = 64\nbatch = 16\nmin_accuracy = 0.0");
    space.edit("[weights.low]", "[network.googlenet]\nwidth = 0.05\ncrop = 56\nepochs = 2\nbatch = 8\n[weights.low]");
    space.edit("[[compare]]", "[explain]\n[robustness]\nnoise = [5]\nrotate = [10]\n[[compare]]");
    space.edit("network = [\"alexnet\"]", "network = [\"alexnet\", \"googlenet\"]");
    space
}

fn checkpoint(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder.join("cache/jobs-v1")).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path().join("checkpoint/training.safetensors")).any(|file| file.exists())
}

#[test]
fn kills_and_the_number_of_jobs_leave_every_digest_as_it_is() {
    let Some(worker) = worker() else { return };
    let whole = space(&worker);
    whole.run_with(&["-j", "1"]);

    let broken = space(&worker);
    let mut run = broken.command(&["run", "study.toml", "-j", "3"]).stderr(Stdio::null()).spawn().expect("bgh starts");
    let began = Instant::now();
    while !checkpoint(&broken.path(".")) && run.try_wait().expect("looked at").is_none() {
        assert!(began.elapsed() < Duration::from_secs(120), "no training wrote a checkpoint");
        std::thread::sleep(Duration::from_millis(2));
    }
    run.kill().ok();
    run.wait().expect("ended");
    broken.run_with(&["-j", "3"]);
    assert_eq!(broken.digests(), whole.digests());
}
