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
