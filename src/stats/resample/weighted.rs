//! The area of a replicate in one walk over scores that were sorted before.

use crate::stats::Scores;

/// Subjects by ascending score.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    subject: u32,
    class: u8,
    /// Whether the next subject has a higher score.
    ends_group: bool,
}

impl Walk {
    pub(super) fn of(scores: &Scores) -> Self {
        let step = |ranked: &crate::stats::scores::Ranked, ends_group| Step {
            subject: ranked.subject() as u32,
            class: u8::from(ranked.is_case()),
            ends_group,
        };
        let of_group = |group: &[_]| -> Vec<Step> {
            group.iter().enumerate().map(|(index, ranked)| step(ranked, index + 1 == group.len())).collect()
        };
        Self { steps: scores.tie_groups().flat_map(of_group).collect() }
    }

    /// The area with each subject counted as often as it was drawn; `None` without a case or without a control.
    pub(super) fn area(&self, times: &[u32]) -> Option<f64> {
        let (mut doubled, mut of_group, mut below, mut cases) = (0u64, [0u64; 2], 0, 0);
        for step in &self.steps {
            of_group[usize::from(step.class)] += u64::from(times[step.subject as usize]);
            if step.ends_group {
                let [controls_here, cases_here] = std::mem::take(&mut of_group);
                doubled += cases_here * (2 * below + controls_here);
                below += controls_here;
                cases += cases_here;
            }
        }
        let pairs = cases * below;
        (pairs > 0).then(|| doubled as f64 / (2 * pairs) as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::stats::{Placements, Reference, auc};

    /// Class, score and how often drawn.
    fn drawn() -> impl Strategy<Value = Vec<(bool, i8, u32)>> {
        prop::collection::vec((any::<bool>(), -3i8..4, 0u32..4), 2..20)
    }

    fn scores(subjects: &[(bool, i8, u32)]) -> Option<Scores> {
        let reference = Reference::new(subjects.iter().map(|subject| subject.0).collect()).ok()?;
        let scores: Vec<f64> = subjects.iter().map(|subject| f64::from(subject.1)).collect();
        Scores::new(&Arc::new(reference), &scores).ok()
    }

    proptest! {
        #[test]
        fn the_area_is_that_of_the_subjects_written_out(drawn in drawn()) {
            let Some(once) = scores(&drawn) else { return Ok(()) };
            let times: Vec<u32> = drawn.iter().map(|subject| subject.2).collect();
            let written_out: Vec<_> = drawn.iter().flat_map(|&subject| (0..subject.2).map(move |_| subject)).collect();
            let expected = scores(&written_out).map(|scores| auc(&Placements::of(&scores)));
            prop_assert_eq!(Walk::of(&once).area(&times), expected);
        }
    }
}
