//! All runs of a cache, and names for them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Run;
use crate::store::Store;

/// The runs of one cache.
#[derive(Debug, Clone)]
pub struct Runs(PathBuf);

/// Why a name means no run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRun {
    /// There is none at all.
    #[error("no run has left a journal in this cache; `bgh run` leaves one when it has something to do")]
    Empty,
    /// No run is called so.
    #[error("no run is called `{name}`; the nearest is `{nearest}`, and `bgh runs` lists all")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The run whose name is most like it.
        nearest: String,
    },
    /// Several are.
    #[error("`{name}` begins the names of {count} runs; write more of it")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many.
        count: usize,
    },
    /// Fewer than that.
    #[error("`{name}` goes further back than the {count} runs of this cache")]
    TooFarBack {
        /// What was asked for.
        name: String,
        /// How many there are.
        count: usize,
    },
}

impl Runs {
    /// Those of a store.
    pub fn of(store: &Store) -> Self {
        Self::at(store.root())
    }

    /// Those of the cache in `root`, which need not be there.
    pub fn at(root: &Path) -> Self {
        Self(root.join("runs-v1"))
    }

    /// The folder of all journals.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// All of them, the oldest first. A folder without a readable `run.json` is none.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<Run>> {
        Ok(self.names()?.iter().filter_map(|name| self.named(name)).collect())
    }

    /// The last run that `wanted` says yes to.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn last(&self, wanted: impl Fn(&Run) -> bool) -> Result<Option<Run>> {
        Ok(self.names()?.iter().rev().filter_map(|name| self.named(name)).find(|run| wanted(run)))
    }

    /// The run that a person means by `name`: an id or the beginning of one, `last`, or `last~2` for the third from the end.
    ///
    /// # Errors
    /// When the folder cannot be listed; the inner error when no run, or more than one, is meant.
    pub fn find(&self, name: &str) -> Result<Result<Run, NoRun>> {
        Ok(meant(&self.names()?, name).and_then(|id| self.named(&id).ok_or(NoRun::Empty)))
    }

    fn named(&self, name: &str) -> Option<Run> {
        Run::open(&self.0.join(name)).ok()
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            opened => opened.with_context(|| format!("cannot list {}", self.0.display()))?,
        };
        let mut names: Vec<String> =
            entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
        names.sort();
        Ok(names)
    }
}

fn meant(names: &[String], name: &str) -> Result<String, NoRun> {
    let likeness = |known: &&String| (strsim::jaro_winkler(known, name) * 1e6) as u64;
    let Some(nearest) = names.iter().max_by_key(likeness) else { return Err(NoRun::Empty) };
    if let Some(back) = steps_back(name) {
        let too_far = || NoRun::TooFarBack { name: name.to_owned(), count: names.len() };
        return names.iter().rev().nth(back).cloned().ok_or_else(too_far);
    }
    let begun: Vec<&String> = names.iter().filter(|known| known.starts_with(name)).collect();
    match begun.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(NoRun::Unknown { name: name.to_owned(), nearest: nearest.clone() }),
        _ => Err(NoRun::Ambiguous { name: name.to_owned(), count: begun.len() }),
    }
}

/// `last` is 0, `last~2` is 2.
fn steps_back(name: &str) -> Option<usize> {
    match name.strip_prefix("last")? {
        "" => Some(0),
        rest => rest.strip_prefix('~')?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_meant_by_its_place_or_the_beginning_of_its_name() {
        let names = ["20261128-071514-3f9a", "20261128-081514-aaaa", "20261129-081514-bbbb"].map(str::to_owned);
        let find = |name: &str| meant(&names, name);
        assert_eq!(find("last").as_ref(), Ok(&names[2]));
        assert_eq!(find("last~2").as_ref(), Ok(&names[0]));
        assert_eq!(find("20261128-08").as_ref(), Ok(&names[1]));
        assert_eq!(find("last~3"), Err(NoRun::TooFarBack { name: "last~3".into(), count: 3 }));
        assert_eq!(find("20261128"), Err(NoRun::Ambiguous { name: "20261128".into(), count: 2 }));
        let unknown = NoRun::Unknown { name: "20261129-081514-bbbc".into(), nearest: names[2].clone() };
        assert_eq!(find("20261129-081514-bbbc"), Err(unknown));
        assert_eq!(meant(&[], "last"), Err(NoRun::Empty));
    }
}
