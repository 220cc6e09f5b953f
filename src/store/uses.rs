//! When the results of an experiment were last used. A run that finds everything cached tells so by the time of one file, so that using
//! a cache costs no more than that, and nothing where the last use was a moment ago.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::latest::Latest;
use super::{Digest, Store};

/// A use within this time of the last one is not worth a write.
const GRAIN: Duration = Duration::from_secs(3600);

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
        if let Err(error) = touch(&self.latest_path(experiment)) {
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

fn touch(path: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    let is_news = fs::metadata(path)?.modified()?.elapsed().is_ok_and(|age| age > GRAIN);
    if is_news { File::options().append(true).open(path)?.set_modified(now) } else { Ok(()) }
}

fn last_use(entry: &fs::DirEntry) -> Option<LastUse> {
    let at = entry.metadata().ok()?.modified().ok()?;
    let steps = Latest::open(entry.path()).all().map(|(step, action)| (step.to_owned(), action)).collect();
    Some(LastUse { experiment: entry.file_name().into_string().ok()?, at, steps })
}
