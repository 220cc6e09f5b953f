//! Which action each step of an experiment was last, so that an explanation can name what changed since.
//!
//! One file an experiment, a line a change: the action and the step's label; the last line of a label counts. Lines are appended as
//! they become true, so a kill loses none, and the file is written anew once most of it is outdated. A line that cannot be
//! understood is passed over: the file serves explanations only.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Digest, aside};

/// Below this, outdated lines do not matter.
const FEW: usize = 1000;

/// The last actions of one experiment.
#[derive(Debug)]
pub(super) struct Latest {
    path: PathBuf,
    actions: HashMap<String, Digest>,
    lines: usize,
}

impl Latest {
    /// Reads the file at `path`; a missing one is an empty one.
    pub(super) fn open(path: PathBuf) -> Self {
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let actions = text.lines().filter_map(understood).map(|(action, label)| (label.to_owned(), action)).collect();
        Self { path, actions, lines: text.lines().count() }
    }

    /// The action that this step was last.
    pub(super) fn get(&self, step: &str) -> Option<Digest> {
        self.actions.get(step).copied()
    }

    /// Every step with its action.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.actions.iter().map(|(step, action)| (step.as_str(), *action))
    }

    /// Takes note of steps, writing those that are news.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn set<'a>(&mut self, steps: impl IntoIterator<Item = (&'a str, Digest)>) -> io::Result<()> {
        let mut text = String::new();
        for (step, action) in steps {
            if self.get(step) != Some(action) {
                text += &line(step, action);
                self.actions.insert(step.to_owned(), action);
                self.lines += 1;
            }
        }
        if text.is_empty() { Ok(()) } else { self.append(&text) }
    }

    /// Writes the file anew if most of its lines are outdated.
    ///
    /// # Errors
    /// When the disk refuses; then the file is what it was.
    pub(super) fn tidy(&mut self, tmp: &Path) -> io::Result<()> {
        if self.lines <= FEW.max(2 * self.actions.len()) {
            return Ok(());
        }
        *self = Self::open(self.path.clone());
        let mut file = aside(tmp)?;
        file.write_all(self.actions.iter().map(|(step, action)| line(step, *action)).collect::<String>().as_bytes())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        self.lines = self.actions.len();
        Ok(())
    }

    /// The file is opened for every write, because another process may have written it anew.
    fn append(&self, text: &str) -> io::Result<()> {
        let open = || File::options().create(true).append(true).open(&self.path);
        let made = |_| self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| open());
        open().or_else(made)?.write_all(text.as_bytes())
    }
}

/// A label of several lines would be several; none is.
fn line(step: &str, action: Digest) -> String {
    format!("{action} {}\n", step.replace('\n', " "))
}

fn understood(line: &str) -> Option<(Digest, &str)> {
    let (action, label) = line.split_once(' ')?;
    Some((action.parse().ok()?, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_and_torn_ones_do_not() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("latest/study");
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        Latest::open(path.clone()).set([("train[a b]", one), ("other", one)])?;
        Latest::open(path.clone()).set([("train[a b]", two)])?;
        File::options().append(true).open(&path)?.write_all(b"0123 torn")?;
        let known = Latest::open(path);
        assert_eq!((known.get("train[a b]"), known.get("other"), known.get("torn")), (Some(two), Some(one), None));
        Ok(())
    }

    #[test]
    fn what_is_known_is_not_written_and_outdated_lines_go() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("study");
        let mut latest = Latest::open(path.clone());
        for turn in 0..=FEW {
            latest.set([("step", Digest::of(&turn.to_le_bytes()))])?;
        }
        latest.tidy(folder.path())?;
        assert_eq!(fs::read_to_string(&path)?.lines().count(), 1);
        let before = fs::metadata(&path)?.modified()?;
        latest.set([("step", Digest::of(&FEW.to_le_bytes()))])?;
        latest.tidy(folder.path())?;
        assert_eq!(fs::metadata(&path)?.modified()?, before);
        Ok(())
    }
}
