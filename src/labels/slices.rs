//! Which slices of an exam are used.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// Which slices of a series are kept, counted from the feet to the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slices {
    /// Every one.
    All,
    /// Those whose middle lies in `from..to` of the stack, 0 at the feet, 1 at the head.
    Fraction {
        /// Where to begin, in [0, 1].
        from: f64,
        /// Where to end, in [0, 1].
        to: f64,
    },
    /// Those whose place along the slices' normal lies in `from..=to`, mm.
    Millimetres {
        /// The lowest place.
        from: f64,
        /// The highest place.
        to: f64,
    },
    /// Those of these positions, from 0.
    Listed(Vec<usize>),
}

impl Slices {
    /// Positions that are kept of slices at these places along their normal, mm, ascending.
    ///
    /// # Errors
    /// When none is left, or a listed one is not there.
    pub fn of(&self, places: &[f64]) -> Result<Vec<usize>> {
        let count = places.len();
        let kept: Vec<usize> = match self {
            Self::All => (0..count).collect(),
            Self::Fraction { from, to } => {
                (0..count).filter(|&slice| (*from..*to).contains(&((slice as f64 + 0.5) / count as f64))).collect()
            }
            Self::Millimetres { from, to } => (0..count).filter(|&slice| (*from..=*to).contains(&places[slice])).collect(),
            Self::Listed(slices) => slices.clone(),
        };
        let beyond = kept.iter().find(|slice| **slice >= count);
        ensure!(beyond.is_none(), "slice {} was asked for, the series has {count}", beyond.map_or(0, |slice| slice + 1));
        ensure!(!kept.is_empty(), "{self:?} keeps none of the {count} slices: widen it");
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_kept_by_the_place_of_their_middle() -> Result<()> {
        let half = Slices::Fraction { from: 0.25, to: 0.75 };
        assert_eq!(half.of(&[0.0; 4])?, [1, 2]);
        assert_eq!(half.of(&[0.0])?, [0]);
        assert_eq!(Slices::All.of(&[0.0; 3])?, [0, 1, 2]);
        assert_eq!(Slices::Millimetres { from: -5.0, to: 5.0 }.of(&[-5.1, -5.0, 0.0, 5.0, 7.5])?, [1, 2, 3]);
        assert_eq!(
            Slices::Listed(vec![1, 3]).of(&[0.0; 3]).expect_err("no fourth").to_string(),
            "slice 4 was asked for, the series has 3"
        );
        let thin = Slices::Fraction { from: 0.2, to: 0.21 };
        assert_eq!(
            thin.of(&[0.0; 2]).expect_err("keeps none").to_string(),
            "Fraction { from: 0.2, to: 0.21 } keeps none of the 2 slices: widen it"
        );
        Ok(())
    }
}
