//! All curves at once: whether chance explains that their areas differ at all.

use std::borrow::Cow;

use serde::Serialize;

use super::sample::{Ranking, Rankings};
use crate::stats::Joint as Curves;

/// DeLong's test that all areas are equal, on the subjects that have every score.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Joint {
    pub(super) n_complete: usize,
    pub(super) chi_square: Option<f64>,
    pub(super) df: Option<usize>,
    pub(super) p: Option<f64>,
    /// Why the others are null.
    pub(super) undefined: Option<String>,
}

impl Joint {
    /// `None` for fewer than three curves, where it says what the comparison says.
    pub(super) fn of(rankings: &Rankings) -> Option<Self> {
        let mut joint = Self::default();
        if rankings.study().scores.len() < 3 {
            return None;
        }
        joint.undefined = rankings.all().and_then(|curves| joint.test(&curves)).err();
        Some(joint)
    }

    fn test(&mut self, curves: &[Cow<'_, Ranking>]) -> Result<(), String> {
        let placements: Vec<_> = curves.iter().map(|curve| &curve.placements).collect();
        self.n_complete = placements[0].reference().subjects();
        let joint = Curves::new(placements[0], &placements[1..]).map_err(|error| error.to_string())?;
        let test = joint.test().map_err(|why| why.to_string())?;
        (self.chi_square, self.df, self.p) = (Some(test.statistic), Some(test.rank), Some(test.p));
        Ok(())
    }
}
