//! The folder of one attempt on a cluster: who may run it, and how it ended. It lies on a file system that login and compute nodes
//! share, and outlives every process that uses it.
//!
//! ```text
//! task.json     what is to be done; written before the job is submitted
//! intent.json   the name under which it is submitted, and the job when it is known
//! claim.json    made by the one job that runs it; touched as long as it lives
//! exit.json     how it ended; whoever makes it first has the last word
//! ```
//!
//! `claim.json` and `exit.json` are made complete under another name and then linked into place, which fails where there is one. So of
//! two jobs for one attempt only one runs, and a job that was given up while its node was out of reach can no longer succeed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One attempt's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFolder(PathBuf);

/// A submission, written down before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Name of the job, which nothing else bears.
    pub name: String,
    /// Which element, if the job is an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<usize>,
    /// Number of the job as Slurm writes it (`17`, `17_3`), once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Where Slurm writes what the script prints.
    pub log: PathBuf,
    /// What an array was submitted with, removed with its last element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<PathBuf>,
    /// Seconds since 1970 when it was made.
    pub since: u64,
}

/// Who runs the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Number of the job, as in [`Intent`].
    pub job: String,
    /// Name of the node.
    pub node: String,
}

impl AttemptFolder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What is to be done.
    pub fn task(&self) -> PathBuf {
        self.0.join("task.json")
    }

    /// The submission; `None` where none was made.
    pub fn intent(&self) -> Option<Intent> {
        self.read("intent.json").ok().flatten()
    }

    /// Writes the submission down, safe from a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn intend(&self, intent: &Intent) -> Result<()> {
        let (place, path) = (|| format!("cannot write {}", self.0.display()), self.0.join("intent.json"));
        fs::rename(self.aside(intent).with_context(place)?, path).with_context(place)?;
        File::open(&self.0).and_then(|folder| folder.sync_all()).with_context(place)
    }

    /// Who runs it.
    pub fn claim(&self) -> Option<Claim> {
        self.read("claim.json").ok().flatten()
    }

    /// Takes the attempt. Whether it was free.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn take(&self, claim: &Claim) -> Result<bool> {
        self.publish("claim.json", claim)
    }

    /// Shows that who runs it lives.
    pub fn beat(&self) {
        let file = File::options().append(true).open(self.0.join("claim.json"));
        let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// The last sign of life, by the clock of the node.
    pub fn last_beat(&self) -> Option<SystemTime> {
        fs::metadata(self.0.join("claim.json")).and_then(|meta| meta.modified()).ok()
    }

    /// Whether it is known how it ended. The folder is listed, which makes a network file system look again.
    pub fn is_over(&self) -> bool {
        let listed = fs::read_dir(&self.0).is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name() == "exit.json"));
        listed || self.0.join("exit.json").exists()
    }

    /// How it ended; `None` while nobody has said so.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn exit<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.read("exit.json")
    }

    /// Says how it ended. Whether nobody had said so before.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn end<T: Serialize>(&self, exit: &T) -> Result<bool> {
        self.publish("exit.json", exit)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.0.join(name);
        let place = || format!("cannot read {}", path.display());
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(place),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(place),
        }
    }

    /// A link is made or it is not, also on network file systems; its source goes, so that the file has one name.
    fn publish<T: Serialize>(&self, name: &str, value: &T) -> Result<bool> {
        let path = self.0.join(name);
        let place = || format!("cannot write {}", path.display());
        let aside = self.aside(value).with_context(place)?;
        let linked = fs::hard_link(&aside, &path);
        drop(aside);
        match linked {
            Ok(()) => {
                File::open(&self.0).and_then(|folder| folder.sync_all()).with_context(place)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(place),
        }
    }

    fn aside<T: Serialize>(&self, value: &T) -> Result<tempfile::TempPath> {
        let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(&self.0)?;
        file.write_all(&serde_json::to_vec_pretty(value)?)?;
        file.as_file().sync_all()?;
        Ok(file.into_temp_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(job: &str) -> Claim {
        Claim { job: job.to_owned(), node: "n1".to_owned() }
    }

    #[test]
    fn of_many_jobs_for_one_attempt_one_runs_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let attempt = AttemptFolder::new(folder.path());
        let taken = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..16)
                .map(|job| {
                    scope.spawn({
                        let attempt = attempt.clone();
                        move || attempt.take(&claim(&job.to_string()))
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().expect("no panic")).collect::<Result<Vec<bool>>>()
        })?;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert!(attempt.claim().is_some());
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "nothing is left beside the claim");
        Ok(())
    }

    #[test]
    fn who_says_first_how_it_ended_has_the_last_word() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let attempt = AttemptFolder::new(folder.path());
        assert!(!attempt.is_over());
        assert_eq!(attempt.exit::<String>()?, None);
        assert!(attempt.end(&"given up")?);
        assert!(!attempt.end(&"done")?);
        assert_eq!(attempt.exit::<String>()?.as_deref(), Some("given up"));
        assert!(attempt.is_over());
        Ok(())
    }
}
