//! Several classifiers on the same subjects at once: H₀, all areas are equal (DeLong, DeLong & Clarke-Pearson 1988, Biometrics
//! 44:837, equation 5).
//!
//! With contrasts L of full rank and S the covariance of the areas, T = (Lθ)' (L S L')⁻ (Lθ) is χ² with rank(L S L') degrees of
//! freedom, the same for every such L. Here L compares each curve with the first, and L S L' comes from differences of placements,
//! so that curves with one ranking give rows of exact zeros. For Lθ within the span of L S L' every generalised inverse gives the
//! same T; where it is not, an estimated variance of 0 stands against a difference and the test does not apply.

use super::{Pair, Unpaired};
use crate::stats::{Placements, Undefined, delong, special::chi_squared};

/// Pivots of the scaled matrix below this are rounding: entries are at most 1 and exact to a few units in the last place.
const RANK_TOLERANCE: f64 = 1e-10;

/// The conclusion of the joint test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointTest {
    /// T ≥ 0.
    pub statistic: f64,
    /// Degrees of freedom; 0 where all curves have one ranking, and then p is 1 by convention.
    pub rank: usize,
    /// p-value in [0, 1].
    pub p: f64,
}

/// Curves over the same subjects, as differences from the first.
#[derive(Debug, Clone)]
pub struct Joint<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> Joint<'a> {
    /// Compares each curve with `first`.
    ///
    /// # Errors
    /// When their reference standards differ.
    pub fn new(first: &'a Placements, others: &[&'a Placements]) -> Result<Self, Unpaired> {
        Ok(Self { pairs: others.iter().map(|other| Pair::new(first, other)).collect::<Result<_, _>>()? })
    }

    /// The test that all areas are equal.
    ///
    /// # Errors
    /// [`Undefined`] with a single case or control, and where a combination of areas without variance is not 0.
    pub fn test(&self) -> Result<JointTest, Undefined> {
        let mut system = self.scaled()?;
        let (mut statistic, mut rank) = (0.0, 0);
        while let Some(pivot) = system.largest_pivot() {
            statistic += system.eliminate(pivot);
            rank += 1;
        }
        if system.rest.iter().any(|rest| rest.abs() > RANK_TOLERANCE) {
            return Err(Undefined::NoVariance);
        }
        let p = if rank == 0 { 1.0 } else { chi_squared::upper_tail(statistic, rank as f64) };
        Ok(JointTest { statistic, rank, p })
    }

    /// L S L' and Lθ, each contrast in units of its standard error (of 1 where that is 0).
    fn scaled(&self) -> Result<System, Undefined> {
        let variances = self.pairs.iter().map(Pair::variance).collect::<Result<Vec<_>, _>>()?;
        let scale: Vec<f64> = variances.iter().map(|&variance| if variance > 0.0 { variance.sqrt() } else { 1.0 }).collect();
        let covariance = |i: usize, j: usize| {
            let reference = self.pairs[i].curves().0.reference();
            let covariance = delong::covariance_of_means(reference, self.pairs[i].differences(), self.pairs[j].differences());
            covariance.map(|covariance| covariance / (scale[i] * scale[j]))
        };
        let row = |i: usize| (0..scale.len()).map(|j| covariance(i, j)).collect::<Result<Vec<_>, _>>();
        Ok(System {
            matrix: (0..scale.len()).map(row).collect::<Result<_, _>>()?,
            rest: self.pairs.iter().zip(&scale).map(|(pair, scale)| pair.difference() / scale).collect(),
        })
    }
}

/// What is left to be eliminated: a pivoted Cholesky decomposition, carried out on the right-hand side as well.
struct System {
    matrix: Vec<Vec<f64>>,
    rest: Vec<f64>,
}

impl System {
    fn largest_pivot(&self) -> Option<usize> {
        let diagonal = |&i: &usize| self.matrix[i][i];
        let largest = (0..self.matrix.len()).max_by(|a, b| diagonal(a).total_cmp(&diagonal(b)));
        largest.filter(|i| diagonal(i) > RANK_TOLERANCE)
    }

    /// Takes out what row `pivot` explains; its share of T.
    fn eliminate(&mut self, pivot: usize) -> f64 {
        let (row, value) = (self.matrix[pivot].clone(), self.rest[pivot]);
        for i in 0..row.len() {
            let factor = row[i] / row[pivot];
            self.matrix[i].iter_mut().zip(&row).for_each(|(entry, of_pivot)| *entry -= factor * of_pivot);
            self.rest[i] -= factor * value;
        }
        value * value / row[pivot]
    }
}
