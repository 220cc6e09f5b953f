//! What the events of a run amount to: how many steps are done, which are running and how far they are, which failed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::Line;
use crate::execute::{Event, Failure};
use crate::stage::job::Progress;
use crate::store::Digest;

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Standing {
    /// Steps in the run.
    pub steps: usize,
    /// Steps whose results were there.
    pub cached: usize,
    /// Steps that ran to success.
    pub ran: usize,
    /// Steps under way, by label.
    pub running: BTreeMap<String, Running>,
    /// Steps that another run is at.
    pub elsewhere: BTreeSet<String>,
    /// Steps whose last attempt failed, by label.
    pub failed: BTreeMap<String, Failed>,
    /// What the user should know: the step, where it is about one, and the text.
    pub warnings: Vec<(Option<String>, String)>,
    /// Whether the user asked to stop.
    pub interrupted: bool,
    /// Time of the last event, seconds since 1970.
    pub at: f64,
}

/// A step under way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Running {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub action: Digest,
    /// When the attempt began, seconds since 1970.
    pub since: f64,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// The accelerator that it computes on.
    pub device: Option<u32>,
    /// Its job on a cluster, and where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// How far it is, once it said so.
    pub progress: Option<Progress>,
    /// Units a second since it first said how far it is.
    pub rate: Option<f64>,
    /// Seconds that it still takes: what it says itself, else what its rate says.
    pub seconds_left: Option<f64>,
    #[serde(skip)]
    first: Option<(f64, u64)>,
}

/// A job of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its number.
    pub number: String,
    /// Where it runs, or why it waits, in the cluster's words; empty while nothing is known.
    pub standing: String,
}

/// A step whose last attempt failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// How.
    pub failure: Failure,
    /// Where its log is.
    pub log: PathBuf,
    /// When, seconds since 1970.
    pub at: f64,
    /// Seconds from then to the next attempt; `None` when there is none.
    pub retry_in: Option<f64>,
}

impl Standing {
    /// Steps that are not done, not under way here or elsewhere, and have not failed.
    pub fn waiting(&self) -> usize {
        let known = self.cached + self.ran + self.running.len() + self.elsewhere.len() + self.failed.len();
        self.steps.saturating_sub(known)
    }

    /// With one more event.
    #[must_use]
    pub fn with(mut self, line: Line) -> Self {
        self.at = line.at;
        match line.event {
            Event::Surveyed { steps, cached } => (self.steps, self.cached) = (steps, cached),
            Event::Started { step, kind, action, attempt, device, .. } => {
                self.failed.remove(&step);
                self.elsewhere.remove(&step);
                self.running.insert(step, Running::new(kind, action, line.at, attempt, device));
            }
            Event::Progressed { step, progress } => {
                if let Some(running) = self.running.get_mut(&step) {
                    running.progressed(line.at, progress);
                }
            }
            Event::Placed { step, job, reason, node } => {
                if let Some(running) = self.running.get_mut(&step) {
                    running.placed(job, reason, node);
                }
            }
            Event::Cached { step, .. } => {
                self.elsewhere.remove(&step);
                self.cached += 1;
            }
            Event::Elsewhere { step, .. } => {
                self.running.remove(&step);
                self.elsewhere.insert(step);
            }
            Event::Finished { step, seconds, .. } => {
                self.elsewhere.remove(&step);
                self.running.remove(&step);
                *(if seconds.is_some() { &mut self.ran } else { &mut self.cached }) += 1;
            }
            Event::Failed { step, failure, log, retry_in } => {
                self.running.remove(&step);
                self.failed.insert(step, Failed { failure, log, at: line.at, retry_in });
            }
            Event::Warned { step, text } => self.warnings.push((step, text)),
            Event::Interrupted { .. } => self.interrupted = true,
            Event::Ended { .. } => self.running.clear(),
        }
        self
    }
}

impl Running {
    fn new(kind: String, action: Digest, since: f64, attempt: u32, device: Option<u32>) -> Self {
        Self { kind, action, since, attempt, device, job: None, progress: None, rate: None, seconds_left: None, first: None }
    }

    fn placed(&mut self, number: Option<String>, reason: Option<String>, node: Option<String>) {
        let job = self.job.get_or_insert_default();
        job.number = number.unwrap_or_else(|| std::mem::take(&mut job.number));
        let waiting = reason.map(|reason| format!("waits: {reason}"));
        job.standing = node.map(|node| format!("on {node}")).or(waiting).unwrap_or_else(|| std::mem::take(&mut job.standing));
    }

    fn progressed(&mut self, at: f64, progress: Progress) {
        let (began, from) = *self.first.get_or_insert((at, progress.done));
        let (seconds, units) = (at - began, progress.done.saturating_sub(from));
        self.rate = (seconds > 0.0 && units > 0).then(|| units as f64 / seconds);
        let left = progress.total.saturating_sub(progress.done) as f64;
        let own = progress.training.map(|training| training.seconds_left);
        self.seconds_left = own.or_else(|| self.rate.map(|rate| left / rate));
        self.progress = Some(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(at: f64, done: u64) -> Line {
        let progress = Progress { done, total: 100, unit: "images".into(), training: None };
        Line { at, event: Event::Progressed { step: "a".into(), progress } }
    }

    #[test]
    fn a_rate_is_measured_from_the_first_word_on() {
        let mut running = Running::new("predict".into(), Digest::of(b"a"), 0.0, 1, None);
        for line in [progress(10.0, 20), progress(12.0, 40)] {
            let Event::Progressed { progress, .. } = line.event else { continue };
            running.progressed(line.at, progress);
        }
        assert_eq!((running.rate, running.seconds_left), (Some(10.0), Some(6.0)));
    }
}
