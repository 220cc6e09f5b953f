//! A folder with a small study in it, and `bgh` run on it as a user would.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part, and nobody else does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Steps of the study below.
pub const STEPS: usize = 57;

/// Two networks by two starts, no images to speak of: 18 phantom exams of 64 pixels.
pub const STUDY: &str = r#"
name = "mini"
title = "A miniature study"
seed = 1

[cohort]
source = "phantom"
classes = ["none", "left", "right"]
positive = ["left", "right"]
[cohort.phantom]
exams = { none = 8, right = 5, left = 5 }
matrix = 64

[split]
by = "patient"
test = { none = 4, positive = 4 }
tune = 0.5

[images]
size = 64
window = { width = 80, level = 35 }

[augment.none]
[augment.x4]
windows = [{ width = 80, level = 35 }, { width = 220, level = 95 }]
geometry = ["identity"]
filter = ["identity", "sharpen"]

[network.alexnet]
width = 0.05
crop = 63
epochs = 2
batch = 8

[weights.low]
learning_rate = 0.001
[weights.high]
learning_rate = 0.01

[design]
augment = ["none", "x4"]
network = ["alexnet"]
weights = ["low", "high"]

[[compare]]
factor = "augment"
"#;

/// The real worker that `BGH_TORCH` names, else the one beside `bgh`; without it a test says so loudly.
pub fn worker() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_BIN_EXE_bgh")).with_file_name("bgh-torch");
    let worker = std::env::var_os("BGH_TORCH").map_or_else(beside, PathBuf::from);
    if !worker.is_file() {
        eprintln!("SKIPPED: {} not found: no network was trained; `make test` builds it first", worker.display());
        return None;
    }
    Some(worker)
}

/// A user's folder.
pub struct Space {
    folder: TempDir,
    worker: PathBuf,
}

impl Space {
    /// With the stand-in worker: the engine is the matter of the test.
    pub fn new() -> Self {
        Self::with_worker(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/worker.py"))
    }

    pub fn with_worker(worker: PathBuf) -> Self {
        let space = Self { folder: tempfile::tempdir().expect("a temporary folder"), worker };
        space.write("study.toml", STUDY);
        space
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file in the temporary folder");
    }

    /// Replaces text in the study; the text must be there.
    pub fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("study.toml")).expect("the study");
        assert!(text.contains(old), "the study has no `{old}`");
        self.write("study.toml", &text.replacen(old, new, 1));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bgh"));
        command.current_dir(self.folder.path()).args(arguments).env("BGH_TORCH", &self.worker);
        command.env("XDG_CONFIG_HOME", self.folder.path());
        command.env("PATH", path()).env("BGH_TEST_FAULTS", self.path("misbehave")).env("NO_COLOR", "1").env_remove("BGH_CACHE");
        command
    }

    pub fn bgh(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().expect("bgh starts"))
    }

    /// Runs the study; it must succeed. The labels of the steps that ran, sorted.
    pub fn run(&self) -> Vec<String> {
        self.run_with(&[])
    }

    pub fn run_with(&self, arguments: &[&str]) -> Vec<String> {
        let outcome = self.bgh(&[&["run", "study.toml"], arguments].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        outcome.ran()
    }

    /// What each exam of a folder is called in all that is kept, by its name in the label table.
    pub fn pseudonyms(&self) -> BTreeMap<String, String> {
        let told = self.bgh(&["check", "study.toml", "--pseudonyms"]);
        assert_eq!(told.code, 0, "{}", told.text());
        let rows = told.stdout.lines().skip(1).map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
        rows.map(|row| (row[2].clone(), row[0].clone())).collect()
    }

    /// Digest of every output of every step of the last run.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.path("reports/mini/provenance.json")).expect("the provenance");
        let record: serde_json::Value = serde_json::from_str(&text).expect("provenance is JSON");
        let steps = record["steps"].as_array().expect("steps").iter();
        steps.map(|step| (step["step"].as_str().expect("label").to_owned(), step["outputs"].to_string())).collect()
    }
}

/// The system's own Python first: those of version managers take longer to start than the stand-in worker takes to answer.
fn path() -> std::ffi::OsString {
    let mut folders = vec![PathBuf::from("/usr/bin")];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(folders).expect("folders of a PATH")
}

/// How a command ended and what it said.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Labels of the steps that finished, sorted.
    pub fn ran(&self) -> Vec<String> {
        let done = self.stderr.lines().filter_map(|line| line.split_once("] done  ")?.1.split_once(" in "));
        let mut labels: Vec<String> = done.map(|(label, _)| label.to_owned()).collect();
        labels.sort();
        labels
    }
}
