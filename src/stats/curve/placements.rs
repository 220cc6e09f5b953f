//! Placements: where each subject stands among the subjects of the other class.
//!
//! With ψ(x, y) = 1, ½, 0 for x >, =, < y, a case's placement is V₁₀(xᵢ) = (1/n) Σⱼ ψ(xᵢ, yⱼ) and a control's V₀₁(yⱼ) =
//! (1/m) Σᵢ ψ(xᵢ, yⱼ) (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837). Sun & Xu (2014, IEEE Signal Process Lett 21:1389)
//! get them all from midranks: n V₁₀(xᵢ) = R(xᵢ) - r(xᵢ), the rank among all minus the rank among the cases. Twice that is an
//! integer, and integers are what is kept here.

use std::sync::Arc;

use crate::stats::scores::count;
use crate::stats::{Reference, Scores};

/// Doubled placements of one curve. The expensive part (a sort) is behind them: any number of pairs shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placements {
    reference: Arc<Reference>,
    doubled: Vec<i32>,
}

impl Placements {
    /// Places every subject, O(N) on the sorted scores.
    pub fn of(scores: &Scores) -> Self {
        let reference = Arc::clone(scores.reference());
        let mut doubled = vec![0; reference.subjects()];
        let (mut controls_below, mut cases_above) = (0, reference.cases());
        for group in scores.tie_groups() {
            let (cases, controls) = count(group);
            cases_above -= cases;
            let (of_case, of_control) = (2 * controls_below + controls, 2 * cases_above + cases);
            for ranked in group {
                doubled[ranked.subject()] = if ranked.is_case() { of_case } else { of_control } as i32;
            }
            controls_below += controls;
        }
        Self { reference, doubled }
    }

    /// The reference standard of the subjects.
    pub fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// A subject's doubled placement, in the order of the reference: 2n V₁₀ in `0..=2n` for a case, 2m V₀₁ in `0..=2m` for a
    /// control.
    pub fn doubled(&self) -> &[i32] {
        &self.doubled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_half_on_both_sides() {
        let reference = Arc::new(Reference::new(vec![false, false, true, true]).unwrap());
        let scores = Scores::new(&reference, &[1.0, 2.0, 2.0, 0.5]).unwrap();
        assert_eq!(Placements::of(&scores).doubled(), [2, 1, 3, 0]);
    }
}
