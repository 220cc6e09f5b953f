//! How long a run will still take: for each kind, what its steps took in this run, and until one has, what they are expected to.

use std::collections::HashMap;

use crate::execute::{Event, Executor, State};
use crate::plan::Plan;

/// Steps to come, by kind.
#[derive(Debug, Default)]
pub(in crate::cli) struct Outlook {
    /// Steps at once.
    slots: usize,
    kinds: Vec<Kind>,
    /// The kind of each step that may have to run.
    of_step: HashMap<String, usize>,
}

#[derive(Debug, Default, Clone)]
struct Kind {
    open: usize,
    /// Seconds that all its steps are expected to take.
    expected: f64,
    steps: usize,
    /// Seconds that those took which ended.
    took: f64,
    ran: usize,
}

impl Outlook {
    /// Of the steps that a run may have to run, on so many slots.
    pub(in crate::cli) fn of(plan: &Plan, executor: &Executor<'_>, slots: usize) -> Self {
        let (mut outlook, mut places) = (Self { slots, ..Self::default() }, HashMap::new());
        for id in plan.in_order().filter(|&id| !matches!(executor.state(id), State::Done { .. } | State::Left)) {
            let (step, next) = (plan.step(id), places.len());
            let place = *places.entry(step.kind.name).or_insert(next);
            outlook.kinds.resize(places.len(), Kind::default());
            outlook.kinds[place].add(step.kind.cost);
            outlook.of_step.insert(step.label.clone(), place);
        }
        outlook
    }

    pub(super) fn take(&mut self, event: &Event) {
        let (step, seconds) = match event {
            Event::Finished { step, seconds, .. } => (step, *seconds),
            Event::Cached { step, .. } | Event::Failed { step, retry_in: None, .. } => (step, None),
            _ => return,
        };
        let Some(kind) = self.of_step.remove(step).and_then(|place| self.kinds.get_mut(place)) else { return };
        kind.open -= 1;
        if let Some(seconds) = seconds {
            (kind.took, kind.ran) = (kind.took + seconds, kind.ran + 1);
        }
    }

    /// Seconds that are left, when the steps under way have done so many seconds of work; 0 when nothing is.
    pub(super) fn seconds_left(&self, under_way: f64) -> f64 {
        let work: f64 = self.kinds.iter().map(|kind| kind.open as f64 * kind.seconds()).sum();
        (work - under_way).max(0.0) / self.slots.max(1) as f64
    }
}

impl Kind {
    fn add(&mut self, expected: f64) {
        (self.open, self.steps, self.expected) = (self.open + 1, self.steps + 1, self.expected + expected);
    }

    fn seconds(&self) -> f64 {
        if self.ran > 0 { self.took / self.ran as f64 } else { self.expected / self.steps.max(1) as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Digest;

    #[test]
    fn what_was_measured_replaces_what_was_expected() {
        let mut kind = Kind::default();
        (0..3).for_each(|_| kind.add(100.0));
        let of_step = ["a", "b", "c"].map(|step| (step.to_owned(), 0)).into();
        let mut outlook = Outlook { slots: 2, kinds: vec![kind], of_step };
        assert_eq!(outlook.seconds_left(0.0), 150.0);
        outlook.take(&Event::Finished { step: "a".into(), action: Digest::of(b""), seconds: Some(4.0) });
        outlook.take(&Event::Cached { step: "b".into(), action: Digest::of(b"") });
        outlook.take(&Event::Cached { step: "b".into(), action: Digest::of(b"") });
        assert_eq!((outlook.seconds_left(0.0), outlook.seconds_left(1.0), outlook.seconds_left(9.0)), (2.0, 1.5, 0.0));
    }
}
