//! A run as far as its journal tells: the plan with a state for every step. It is read on from where the last look ended.

use std::collections::HashMap;

use anyhow::Result;

use super::answer::Missing;
use super::status::Status;
use crate::execute::{Event, Reason};
use crate::history::{Ending, Entry, Header, Run, Standing, Tail};
use crate::stage::job::TrainingProgress;
use crate::store::Digest;

/// The steps of a spec that may not have run: what they are and which have results.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Name of the experiment.
    pub experiment: String,
    /// Its steps, in the order of the plan.
    pub entries: Vec<Entry>,
}

/// One run.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) id: String,
    /// Name of the experiment.
    pub(super) experiment: String,
    /// What was asked for; `None` for a spec that is looked at without a run.
    pub(super) header: Option<Header>,
    pub(super) ending: Ending,
    pub(super) steps: Vec<Step>,
    pub(super) standing: Standing,
    /// Events read so far.
    pub(super) events: usize,
    places: HashMap<String, usize>,
    source: Option<(Run, Tail)>,
}

/// One step of it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) entry: Entry,
    pub(super) status: Status,
    /// Its key, once it is known.
    pub(super) action: Option<Digest>,
    /// Why it ran.
    pub(super) reason: Option<Reason>,
    /// Wall-clock seconds of the attempt that succeeded.
    pub(super) seconds: Option<f64>,
    /// How its training went: units done and what was told then.
    pub(super) training: Vec<(f64, TrainingProgress)>,
    pub(super) readers: Vec<usize>,
}

impl Picture {
    /// Of a run, at its beginning.
    pub(super) fn of_run(run: Run) -> Result<Self> {
        let (id, experiment) = (run.id().to_owned(), run.header().experiment.clone());
        let mut picture = Self::of_steps(id, experiment, run.entries()?);
        picture.header = Some(run.header().clone());
        let tail = run.events();
        picture.source = Some((run, tail));
        Ok(picture)
    }

    /// Of a spec without a run.
    pub(super) fn of_outline(id: &str, outline: &Outline) -> Self {
        let mut picture = Self::of_steps(id.to_owned(), outline.experiment.clone(), outline.entries.clone());
        picture.standing.steps = picture.steps.len();
        picture.standing.cached = picture.steps.iter().filter(|step| step.status == Status::Cached).count();
        picture
    }

    fn of_steps(id: String, experiment: String, entries: Vec<Entry>) -> Self {
        let places = entries.iter().enumerate().map(|(at, entry)| (entry.step.clone(), at)).collect();
        let mut steps: Vec<Step> = entries.into_iter().map(Step::new).collect();
        for at in 0..steps.len() {
            for producer in steps[at].entry.producers.clone() {
                if let Some(producer) = steps.get_mut(producer) {
                    producer.readers.push(at);
                }
            }
        }
        let (standing, ending) = (Standing::default(), Ending::Running);
        Self { id, experiment, header: None, ending, steps, standing, events: 0, places, source: None }
    }

    /// Reads what has happened since the last look.
    pub(super) fn read_on(&mut self) -> Result<()> {
        let Some((run, tail)) = &mut self.source else { return Ok(()) };
        // First how it ended: a run that ends between the two looks has all its events read.
        self.ending = run.ending()?;
        for line in tail.read()? {
            self.events += 1;
            if let Some(step) = place(&self.places, &line.event).and_then(|at| self.steps.get_mut(at)) {
                step.take(&line.event);
            }
            let standing = std::mem::take(&mut self.standing);
            self.standing = standing.with(line);
        }
        if !self.is_alive() {
            self.steps.iter_mut().for_each(Step::stop);
        }
        Ok(())
    }

    pub(super) fn is_alive(&self) -> bool {
        self.header.is_some() && self.ending == Ending::Running
    }

    /// The step at this position.
    pub(super) fn step(&self, at: &str) -> Result<(usize, &Step)> {
        let found = at.parse().ok().and_then(|at: usize| Some((at, self.steps.get(at)?)));
        Ok(found.ok_or_else(|| Missing(format!("run {} has no step {at}", self.id)))?)
    }

    /// Steps of a kind, with their positions.
    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (usize, &'a Step)> {
        self.steps.iter().enumerate().filter(move |(_, step)| step.entry.kind == kind)
    }

    /// Kinds, each after those that it reads from as far as the plan allows: by the longest way from a source to one of its steps.
    pub(super) fn kinds(&self) -> Vec<&str> {
        let (mut depths, mut kinds) = (vec![0; self.steps.len()], Vec::<(&str, usize)>::new());
        for (at, step) in self.steps.iter().enumerate() {
            depths[at] =
                step.entry.producers.iter().filter_map(|&producer| depths.get(producer)).max().map_or(0, |depth| depth + 1);
            match kinds.iter_mut().find(|(kind, _)| *kind == step.entry.kind) {
                Some((_, depth)) => *depth = depths[at].max(*depth),
                None => kinds.push((&step.entry.kind, depths[at])),
            }
        }
        kinds.sort_by_key(|(_, depth)| *depth);
        kinds.into_iter().map(|(kind, _)| kind).collect()
    }
}

fn place(places: &HashMap<String, usize>, event: &Event) -> Option<usize> {
    let (Event::Started { step, .. }
    | Event::Progressed { step, .. }
    | Event::Finished { step, .. }
    | Event::Cached { step, .. }
    | Event::Failed { step, .. }) = event
    else {
        return None;
    };
    places.get(step).copied()
}

impl Step {
    fn new(entry: Entry) -> Self {
        let (status, action) = (if entry.action.is_some() { Status::Cached } else { Status::Waiting }, entry.action);
        Self { entry, status, action, reason: None, seconds: None, training: vec![], readers: vec![] }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Started { action, reason, .. } => {
                (self.status, self.action, self.reason) = (Status::Running, Some(*action), Some(reason.clone()));
                self.training.clear();
            }
            Event::Progressed { progress, .. } => {
                self.training.extend(progress.training.map(|training| (progress.done as f64, training)));
                thin(&mut self.training);
            }
            Event::Finished { action, seconds, .. } => {
                (self.action, self.seconds) = (Some(*action), *seconds);
                self.status = if seconds.is_some() { Status::Done } else { Status::Cached };
            }
            Event::Cached { action, .. } => (self.status, self.action) = (Status::Cached, Some(*action)),
            Event::Failed { retry_in, .. } => {
                self.status = if retry_in.is_some() { Status::Retrying } else { Status::Failed };
            }
            _ => {}
        }
    }

    /// What had not ended when the run did.
    fn stop(&mut self) {
        if matches!(self.status, Status::Running | Status::Waiting | Status::Retrying) {
            self.status = Status::Stopped;
        }
    }
}

/// A curve is some hundred points on the screen, however long the training is: every other point goes when there are too many, never
/// the last.
fn thin<T: Clone>(points: &mut Vec<T>) {
    const MOST: usize = 600;
    if points.len() > MOST {
        let last = points.len() - 1;
        let kept = points.iter().enumerate().filter(|(at, _)| at % 2 == 0 || *at == last).map(|(_, point)| point.clone());
        *points = kept.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_ends_and_stays_short() {
        let mut points = vec![];
        for at in 0..10_000 {
            points.push(at);
            thin(&mut points);
        }
        assert_eq!((points.first(), points.last()), (Some(&0), Some(&9_999)));
        assert!((200..=600).contains(&points.len()) && points.is_sorted(), "{}", points.len());
    }
}
