//! When the results of an experiment were last used. A run that finds everything cached tells so by the time of one file, so that using
//! a cache costs no more than that.

use std::fs::{self, File};
use std::time::SystemTime;

use super::latest::Latest;
use super::{Digest, Store};

/// What the last run of an experiment stood on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// Name of the experiment.
    pub experiment: String,
    /// When.
    pub at: SystemTime,
    /// Labels of its steps and the action that each was.
    pub steps: Vec<(String, Digest)>,
}

impl Store {
    /// Takes note that the last actions of an experiment are used now. A cache that cannot be told serves all the same.
    pub fn touch(&self, experiment: &str) {
        if self.read_only {
            return;
        }
        let touched = File::open(self.latest_path(experiment)).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(experiment, %error, "the time of use was not noted");
        }
    }

    /// The last use of every experiment.
    pub fn last_uses(&self) -> Vec<LastUse> {
        let folder = self.root.join("latest-v2");
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| last_use(&entry)).collect()
    }
}

fn last_use(entry: &fs::DirEntry) -> Option<LastUse> {
    let at = entry.metadata().ok()?.modified().ok()?;
    let steps = Latest::open(entry.path()).all().map(|(step, action)| (step.to_owned(), action)).collect();
    Some(LastUse { experiment: entry.file_name().into_string().ok()?, at, steps })
}
