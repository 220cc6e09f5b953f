//! The interval of an AUC of 0 or 1, where DeLong's variance is 0 and its interval a single point.
//!
//! Match cases and controls into k = min(m, n) disjoint pairs. The pairs are independent, and each is concordant with
//! probability θ at least up to ties, so complete separation has probability at most θᵏ. The lower limit solves θᵏ = α/2, which is
//! Clopper & Pearson's limit (1934, Biometrika 26:404) for k successes of k. No law of the scores is assumed.

use super::auc;
use crate::stats::{Interval, Level, Placements};

/// Exact two-sided interval of an AUC that is exactly 0 or 1; `None` anywhere between.
pub fn exact_interval(placements: &Placements, level: Level) -> Option<Interval> {
    let reference = placements.reference();
    let pairs = reference.cases().min(reference.controls());
    let limit = level.tail().powf(1.0 / pairs as f64);
    match auc(placements) {
        1.0 => Some(Interval { lower: limit, upper: 1.0 }),
        0.0 => Some(Interval { lower: 0.0, upper: 1.0 - limit }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stats::{Reference, Scores};

    fn separated(cases: usize, controls: usize, sign: f64) -> Placements {
        let is_case: Vec<bool> = (0..cases + controls).map(|subject| subject >= controls).collect();
        let scores: Vec<f64> = is_case.iter().map(|&case| sign * f64::from(u8::from(case))).collect();
        Placements::of(&Scores::new(&Arc::new(Reference::new(is_case).unwrap()), &scores).unwrap())
    }

    #[test]
    fn is_clopper_pearson_for_k_of_k() {
        let level = Level::new(0.95).unwrap();
        let interval = exact_interval(&separated(55, 60, 1.0), level).unwrap();
        // The Beta(55, 1) quantile at 0.025.
        assert!((interval.lower - 0.935_129_24).abs() < 5e-9, "{interval:?}");
        let mirrored = exact_interval(&separated(55, 60, -1.0), level).unwrap();
        assert_eq!((mirrored.lower, mirrored.upper), (0.0, 1.0 - interval.lower));
    }

    #[test]
    fn is_not_given_where_delong_has_a_variance() {
        assert_eq!(exact_interval(&separated(5, 5, 0.0), Level::new(0.95).unwrap()), None);
    }
}
