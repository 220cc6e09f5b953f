//! One run, living or past, by its folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use super::{Ending, Entry, Header, Line, Standing, Tail};
use crate::execute::Event;
use crate::store::Digest;

/// A run that left a journal.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
    header: Header,
}

impl Run {
    /// The run whose journal lies in `folder`.
    ///
    /// # Errors
    /// When its `run.json` is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("run.json");
        let place = || format!("cannot read {}", path.display());
        let header = serde_json::from_slice(&fs::read(&path).with_context(place)?).with_context(place)?;
        Ok(Self { folder: folder.to_owned(), header })
    }

    /// What was asked for.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.header.id
    }

    /// Where the journal lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether its process lives, on whatever machine.
    pub fn is_alive(&self) -> bool {
        let Ok(lock) = File::open(self.folder.join("lock")) else { return false };
        flock(&lock, FlockOperation::NonBlockingLockShared).is_err()
    }

    /// Its events, to be read now and again later.
    pub fn events(&self) -> Tail {
        Tail::new(self.folder.join("events.jsonl"))
    }

    /// Its steps as they stood at the start, in the order of the plan.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let path = self.folder.join("steps.jsonl");
        let place = || format!("cannot read {}", path.display());
        let lines = BufReader::new(File::open(&path).with_context(place)?).lines();
        lines.map(|line| serde_json::from_str(&line.with_context(place)?).with_context(place)).collect()
    }

    /// Which action each step was, as far as the run came: label and key.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn actions(&self) -> Result<BTreeMap<String, Digest>> {
        let known = self.entries()?.into_iter().filter_map(|entry| Some((entry.step, entry.action?)));
        let mut actions: BTreeMap<String, Digest> = known.collect();
        actions.extend(self.events().read()?.into_iter().filter_map(|line| action(line.event)));
        Ok(actions)
    }

    /// All that its events amount to.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn standing(&self) -> Result<Standing> {
        Ok(self.events().read()?.into_iter().fold(Standing::default(), Standing::with))
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn ending(&self) -> Result<Ending> {
        if let Some(ended) = self.said()? {
            return Ok(ended);
        }
        if self.is_alive() {
            return Ok(Ending::Running);
        }
        // It may have ended between the two looks.
        Ok(self.said()?.unwrap_or(Ending::Died))
    }

    fn said(&self) -> Result<Option<Ending>> {
        Ok(match self.last_line()? {
            Some(Line { event: Event::Ended { summary }, .. }) => Some(Ending::Ended(summary)),
            _ => None,
        })
    }

    /// The last event; `None` before the first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn last_line(&self) -> Result<Option<Line>> {
        let path = self.folder.join("events.jsonl");
        let end = end_of(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(end.lines().rev().find_map(|line| serde_json::from_str(line).ok()))
    }

    /// Seconds from the start to the last event, or to now for a run that lives.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn seconds(&self) -> Result<f64> {
        let until = match self.ending()? {
            Ending::Running => super::header::now(),
            _ => self.last_line()?.map_or(self.header.started, |line| line.at),
        };
        Ok((until - self.header.started).max(0.0))
    }
}

fn action(event: Event) -> Option<(String, Digest)> {
    match event {
        Event::Started { step, action, .. }
        | Event::Finished { step, action, .. }
        | Event::Cached { step, action }
        | Event::Elsewhere { step, action } => Some((step, action)),
        _ => None,
    }
}

/// As much of the end of a file as holds two line breaks, so that its last whole line is in it.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut wanted = 4096;
    loop {
        let from = length.saturating_sub(wanted);
        let mut bytes = vec![];
        file.seek(SeekFrom::Start(from))?;
        file.by_ref().take(wanted).read_to_end(&mut bytes)?;
        if from == 0 || bytes.iter().filter(|&&byte| byte == b'\n').count() > 1 {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        wanted *= 4;
    }
}
