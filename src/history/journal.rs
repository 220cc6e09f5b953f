//! Writes down what happens in a run.
//!
//! An event is one `write` of one line: it is with the kernel at once, survives the death of the process, and costs microseconds.
//! Nothing waits for the disk. A journal that cannot be written ends with a warning; the run goes on, for its results do not
//! depend on it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use super::{Entry, Header, Line, Runs};
use crate::execute::{Event, Executor, Listener, State};
use crate::plan::Plan;
use crate::store::Store;

/// Progress of a step is written at most this often.
const PROGRESS: Duration = Duration::from_millis(250);

/// The journal of the run that this process is in.
#[derive(Debug)]
pub struct Journal {
    id: String,
    events: Option<File>,
    told: HashMap<String, Instant>,
    /// The kernel frees it when the process ends, however it ends.
    _lock: File,
}

impl Journal {
    /// Begins the journal of a run that is about to start; `None` for a run that has nothing to do.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(store: &Store, plan: &Plan, executor: &Executor<'_>, header: impl FnOnce() -> Header) -> Result<Option<Self>> {
        let is_settled = |id| matches!(executor.state(id), State::Done { .. } | State::Left);
        if plan.in_order().all(is_settled) {
            return Ok(None);
        }
        let header = header();
        let place = || format!("cannot write the journal of run {}", header.id);
        Self::write(store.root(), &header, &Entry::all(plan, executor)).with_context(place).map(Some)
    }

    /// Made aside and renamed, so that nobody meets half a folder or an unlocked one.
    fn write(cache: &Path, header: &Header, steps: &[Entry]) -> Result<Self> {
        let aside = cache.join("tmp").join(format!("run-{}", header.id));
        fs::create_dir_all(&aside)?;
        let lock = File::create(aside.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        fs::write(aside.join("run.json"), serde_json::to_vec_pretty(header)?)?;
        write_lines(&aside.join("steps.jsonl"), steps)?;
        let events = File::options().create(true).append(true).open(aside.join("events.jsonl"))?;
        let runs = Runs::at(cache);
        fs::create_dir_all(runs.folder())?;
        fs::rename(&aside, runs.folder().join(&header.id))?;
        Ok(Self { id: header.id.clone(), events: Some(events), told: HashMap::new(), _lock: lock })
    }

    /// The run's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a progress comes too soon after the last one of its step; the last of all is never too soon.
    fn is_too_soon(&mut self, event: &Event) -> bool {
        let Event::Progressed { step, progress } = event else { return false };
        let soon = self.told.get(step).is_some_and(|told| told.elapsed() < PROGRESS) && progress.done < progress.total;
        if !soon {
            self.told.insert(step.clone(), Instant::now());
        }
        soon
    }
}

fn write_lines(path: &Path, steps: &[Entry]) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for step in steps {
        serde_json::to_writer(&mut file, step)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

impl Listener for Journal {
    fn event(&mut self, event: &Event) {
        if self.is_too_soon(event) {
            return;
        }
        let Some(events) = &mut self.events else { return };
        if let Err(error) = events.write_all(Line::now(event.clone()).json().as_bytes()) {
            tracing::warn!(run = self.id, %error, "the journal of this run ends here");
            // Half a line may stand there; one more would make it a wrong one.
            self.events = None;
        }
    }
}
