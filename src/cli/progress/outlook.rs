//! How long a run will still take: what earlier runs say of each step, at the pace that steps of its kind have in this run.

use std::collections::HashMap;

use crate::execute::{Event, Executor, Learned, State};
use crate::plan::Plan;

/// Steps to come, by kind.
#[derive(Debug, Default)]
pub(in crate::cli) struct Outlook {
    /// Steps at once.
    slots: usize,
    kinds: Vec<Kind>,
    /// The kind of each step that may have to run, and the seconds that it is expected to take.
    of_step: HashMap<String, (usize, f64)>,
}

#[derive(Debug, Default, Clone)]
struct Kind {
    /// Seconds expected of the steps to come.
    open: f64,
    /// Seconds that were expected of those that ran.
    ran: f64,
    /// Seconds that those took.
    took: f64,
}

impl Outlook {
    /// Of the steps that a run may have to run, on so many slots.
    pub(in crate::cli) fn of(plan: &Plan, executor: &Executor<'_>, learned: &Learned, slots: usize) -> Self {
        let (mut outlook, mut places) = (Self { slots, ..Self::default() }, HashMap::new());
        for id in plan.in_order().filter(|&id| !matches!(executor.state(id), State::Done { .. } | State::Left)) {
            let (step, next) = (plan.step(id), places.len());
            let place = *places.entry(step.kind.name).or_insert(next);
            outlook.kinds.resize(places.len(), Kind::default());
            let expected = executor.seconds(id, learned);
            outlook.kinds[place].open += expected;
            outlook.of_step.insert(step.label.clone(), (place, expected));
        }
        outlook
    }

    pub(super) fn take(&mut self, event: &Event) {
        let (step, seconds) = match event {
            Event::Finished { step, seconds, .. } => (step, *seconds),
            Event::Cached { step, .. } | Event::Failed { step, retry_in: None, .. } => (step, None),
            _ => return,
        };
        let Some((place, expected)) = self.of_step.remove(step) else { return };
        let kind = &mut self.kinds[place];
        kind.open -= expected;
        if let Some(seconds) = seconds {
            (kind.took, kind.ran) = (kind.took + seconds, kind.ran + expected);
        }
    }

    /// Seconds that are left, when the steps under way have done so many seconds of work; 0 when nothing is.
    pub(super) fn seconds_left(&self, under_way: f64) -> f64 {
        let work: f64 = self.kinds.iter().map(|kind| kind.open * kind.pace()).sum();
        (work - under_way).max(0.0) / self.slots.max(1) as f64
    }
}

impl Kind {
    /// Seconds for each one expected.
    fn pace(&self) -> f64 {
        if self.ran > 0.0 { self.took / self.ran } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Digest;

    #[test]
    fn what_is_expected_goes_at_the_pace_of_what_was_measured() {
        let kind = Kind { open: 350.0, ..Kind::default() };
        let of_step = [("a", 200.0), ("b", 50.0), ("c", 100.0)].map(|(step, expected)| (step.to_owned(), (0, expected))).into();
        let mut outlook = Outlook { slots: 2, kinds: vec![kind], of_step };
        assert_eq!(outlook.seconds_left(0.0), 175.0);
        outlook.take(&Event::Finished { step: "a".into(), action: Digest::of(b""), seconds: Some(8.0) });
        outlook.take(&Event::Cached { step: "b".into(), action: Digest::of(b"") });
        outlook.take(&Event::Cached { step: "b".into(), action: Digest::of(b"") });
        assert_eq!((outlook.seconds_left(0.0), outlook.seconds_left(1.0), outlook.seconds_left(9.0)), (2.0, 1.5, 0.0));
    }
}
