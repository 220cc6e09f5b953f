//! A folder with a spec of commands. The commands keep a log that `bgh` does not know of, so that what really ran can be counted.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part, and nobody else does")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::common::Outcome;

pub struct Pipeline {
    folder: TempDir,
}

/// A file beside the cache that is none of `bgh`'s business, whatever happens.
const CANARY: &str = "beside/canary.txt";

impl Drop for Pipeline {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.read(CANARY), CANARY);
            assert_eq!(fs::read_dir(self.path("beside")).expect("the folder").count(), 1);
        }
    }
}

impl Pipeline {
    pub fn new(spec: &str) -> Self {
        let pipeline = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        pipeline.write("spec.toml", spec);
        pipeline.write(CANARY, CANARY);
        pipeline
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Replaces text in the spec; it must be there.
    pub fn edit(&self, old: &str, new: &str) {
        let text = self.read("spec.toml");
        assert!(text.contains(old), "the spec has no `{old}`");
        self.write("spec.toml", &text.replacen(old, new, 1));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bgh"));
        command.current_dir(self.folder.path()).args(arguments).env("NO_COLOR", "1").env("LOG", self.path("log"));
        command.env_remove("BGH_CACHE");
        command
    }

    pub fn bgh(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().expect("bgh starts"))
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("bgh starts")
    }

    /// Runs the spec, which must succeed; what the commands noted in their log meanwhile, a character a command.
    pub fn run(&self) -> String {
        self.run_with(&[])
    }

    pub fn run_with(&self, arguments: &[&str]) -> String {
        let outcome = self.try_run(arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        self.noted()
    }

    /// Runs the spec, however it ends.
    pub fn try_run(&self, arguments: &[&str]) -> Outcome {
        self.bgh(&[&["run", "spec.toml"], arguments].concat())
    }

    /// What the commands noted since the last look, sorted.
    pub fn noted(&self) -> String {
        let mut noted: Vec<char> = fs::read_to_string(self.path("log")).unwrap_or_default().chars().collect();
        let _ = fs::remove_file(self.path("log"));
        noted.sort_unstable();
        noted.into_iter().collect()
    }

    /// Waits until a file is there.
    pub fn await_file(&self, name: &str) {
        while !self.path(name).exists() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}
