//! Agreement beyond chance: Cohen's kappa (1960, Educ Psychol Meas 20:37), weighted for ordered classes (Cohen 1968, Psychol
//! Bull 70:213), with the standard errors of Fleiss, Cohen & Everitt (1969, Psychol Bull 72:323).

use super::Confusion;
use crate::stats::{Interval, Level, Undefined, ZTest};

/// What a disagreement of |i - j| classes still counts as agreement, out of k classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Nothing: only the same class agrees.
    Unweighted,
    /// 1 - |i - j|/(k - 1).
    Linear,
    /// 1 - (i - j)²/(k - 1)².
    Quadratic,
}

/// Kappa and its two large-sample variances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// (observed - expected)/(1 - expected) agreement, at most 1; 0 is what chance gives.
    pub value: f64,
    /// Variance of the estimate, for an interval.
    pub variance: f64,
    /// Variance if the two were independent, for the test of κ = 0.
    pub null_variance: f64,
}

impl Weights {
    /// Of class `i` taken for `j`, in [0, 1].
    fn of(self, i: usize, j: usize, classes: usize) -> f64 {
        let distance = i.abs_diff(j) as f64 / (classes - 1) as f64;
        match self {
            Self::Unweighted => f64::from(u8::from(i == j)),
            Self::Linear => 1.0 - distance,
            Self::Quadratic => 1.0 - distance * distance,
        }
    }
}

impl Kappa {
    /// With shares pᵢⱼ, margins pᵢ. and p.ⱼ, weights wᵢⱼ, and the mean weights w̄ᵢ. = Σⱼ wᵢⱼ p.ⱼ and w̄.ⱼ = Σᵢ wᵢⱼ pᵢ.:
    ///
    /// ```text
    /// p_o = Σ wᵢⱼ pᵢⱼ     p_e = Σ wᵢⱼ pᵢ. p.ⱼ     κ = (p_o - p_e)/(1 - p_e)
    /// var  = {Σ pᵢⱼ [wᵢⱼ - (w̄ᵢ. + w̄.ⱼ)(1 - κ)]² - [κ - p_e (1 - κ)]²} / [n (1 - p_e)²]
    /// var₀ = {Σ pᵢ. p.ⱼ [wᵢⱼ - (w̄ᵢ. + w̄.ⱼ)]² - p_e²} / [n (1 - p_e)²]
    /// ```
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without subjects, [`Undefined::Constant`] where chance alone agrees fully: both have everybody
    /// in one class.
    pub fn of(confusion: &Confusion, weights: Weights) -> Result<Self, Undefined> {
        if confusion.subjects() == 0 {
            return Err(Undefined::NoSubject);
        }
        let cells = Cells::of(confusion, weights);
        let observed = cells.sum(|cell| cell.weight * cell.share);
        let expected = cells.sum(|cell| cell.weight * cell.independent);
        if cells.0.iter().all(|cell| cell.weight == 1.0 || cell.independent == 0.0) {
            return Err(Undefined::Constant);
        }
        let value = (observed - expected) / (1.0 - expected);
        let scale = confusion.subjects() as f64 * (1.0 - expected).powi(2);
        let estimated = cells.sum(|cell| cell.share * (cell.weight - cell.mean_weights * (1.0 - value)).powi(2));
        let null = cells.sum(|cell| cell.independent * (cell.weight - cell.mean_weights).powi(2));
        Ok(Self {
            value,
            variance: ((estimated - (value - expected * (1.0 - value)).powi(2)) / scale).max(0.0),
            null_variance: ((null - expected * expected) / scale).max(0.0),
        })
    }

    /// The test of κ = 0, by the variance that holds there.
    ///
    /// # Errors
    /// [`Undefined::Constant`] where that is 0: one of the two has everybody in one class.
    pub fn test(&self) -> Result<ZTest, Undefined> {
        if self.null_variance > 0.0 {
            Ok(ZTest { z: self.value / self.null_variance.sqrt() })
        } else {
            Err(Undefined::Constant)
        }
    }

    /// κ ± z √var, not clipped; the single point 1 at full agreement.
    pub fn interval(&self, level: Level) -> Interval {
        Interval::normal(self.value, self.variance, level)
    }
}

/// One cell of the table in shares.
struct Cell {
    weight: f64,
    /// pᵢⱼ
    share: f64,
    /// pᵢ. p.ⱼ
    independent: f64,
    /// w̄ᵢ. + w̄.ⱼ
    mean_weights: f64,
}

struct Cells(Vec<Cell>);

impl Cells {
    fn of(confusion: &Confusion, weights: Weights) -> Self {
        let (k, n) = (confusion.classes(), confusion.subjects() as f64);
        let shares = |counts: Vec<usize>| counts.into_iter().map(|count| count as f64 / n).collect::<Vec<_>>();
        let (rows, columns) = (shares(confusion.truths()), shares(confusion.predictions()));
        let weight = |i, j| weights.of(i, j, k);
        let mean_of_row = |i| columns.iter().enumerate().map(|(j, share)| weight(i, j) * share).sum::<f64>();
        let mean_of_column = |j| rows.iter().enumerate().map(|(i, share)| weight(i, j) * share).sum::<f64>();
        let cell = |i, j| Cell {
            weight: weight(i, j),
            share: confusion.get(i, j) as f64 / n,
            independent: rows[i] * columns[j],
            mean_weights: mean_of_row(i) + mean_of_column(j),
        };
        Self((0..k).flat_map(|i| (0..k).map(move |j| (i, j))).map(|(i, j)| cell(i, j)).collect())
    }

    fn sum(&self, of: impl Fn(&Cell) -> f64) -> f64 {
        self.0.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [[usize; 3]; 3] = [[106, 10, 4], [22, 28, 10], [2, 12, 6]];
    const ALL: [Weights; 3] = [Weights::Unweighted, Weights::Linear, Weights::Quadratic];

    fn confusion(table: [[usize; 3]; 3]) -> Confusion {
        let cells = (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
        Confusion::count(3, cells.flat_map(|(i, j)| std::iter::repeat_n((i, j), table[i][j]))).unwrap()
    }

    fn kappa_of_shares(p: &[[f64; 3]; 3], weights: Weights) -> f64 {
        let row = |i: usize| p[i].iter().sum::<f64>();
        let column = |j: usize| p.iter().map(|row| row[j]).sum::<f64>();
        let (mut observed, mut expected) = (0.0, 0.0);
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            observed += weights.of(i, j, 3) * p[i][j];
            expected += weights.of(i, j, 3) * row(i) * column(j);
        }
        (observed - expected) / (1.0 - expected)
    }

    /// The variance of a function of multinomial shares: [Σ p g² - (Σ p g)²]/n with its gradient g, here by differences.
    #[test]
    fn variance_is_the_delta_methods() {
        let shares = TABLE.map(|row| row.map(|count| count as f64 / 200.0));
        for weights in ALL {
            let (mut squares, mut mean) = (0.0, 0.0);
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                let moved = |step: f64| {
                    let mut moved = shares;
                    moved[i][j] += step;
                    kappa_of_shares(&moved, weights)
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                squares += shares[i][j] * slope * slope;
                mean += shares[i][j] * slope;
            }
            let kappa = Kappa::of(&confusion(TABLE), weights).unwrap();
            assert!((kappa.value - kappa_of_shares(&shares, weights)).abs() < 1e-14, "{weights:?}");
            assert!((kappa.variance * 200.0 / (squares - mean * mean) - 1.0).abs() < 1e-6, "{weights:?}: {kappa:?}");
        }
    }

    /// R's statpsych, `ci.kappa(.05, 31, 12, 4, 58)`: 0.6756757, standard error 0.07344761, 0.5317210 to 0.8196303.
    #[test]
    fn two_classes_agree_with_statpsych() {
        let cells = [((0, 0), 31), ((0, 1), 12), ((1, 0), 4), ((1, 1), 58)];
        let confusion = Confusion::count(2, cells.into_iter().flat_map(|(cell, times)| std::iter::repeat_n(cell, times)));
        let kappa = Kappa::of(&confusion.unwrap(), Weights::Unweighted).unwrap();
        let interval = kappa.interval(Level::new(0.95).unwrap());
        for (got, want) in [
            (kappa.value, 0.675_675_7),
            (kappa.variance.sqrt(), 0.073_447_61),
            (interval.lower, 0.531_721_0),
            (interval.upper, 0.819_630_3),
        ] {
            assert!((got - want).abs() < 6e-8, "{got} is not {want}");
        }
    }

    /// Fleiss, Cohen & Everitt's own form for the unweighted kappa: p_e + p_e² - Σ pᵢ. p.ᵢ (pᵢ. + p.ᵢ), over n (1 - p_e)².
    #[test]
    fn null_variance_is_the_closed_form() {
        let (rows, columns) = ([0.6, 0.3, 0.1], [0.65, 0.25, 0.1]);
        let products = || rows.iter().zip(columns);
        let expected: f64 = products().map(|(r, c)| r * c).sum();
        let third: f64 = products().map(|(r, c)| r * c * (r + c)).sum();
        let kappa = Kappa::of(&confusion(TABLE), Weights::Unweighted).unwrap();
        let closed = (expected + expected * expected - third) / (200.0 * (1.0 - expected).powi(2));
        assert!((kappa.null_variance / closed - 1.0).abs() < 1e-13, "{kappa:?}");
        assert!((kappa.test().unwrap().z - kappa.value / closed.sqrt()).abs() < 1e-12, "{kappa:?}");
        assert!((kappa.value - 0.428_571_428_571_428_6).abs() < 1e-15, "{kappa:?}");
    }

    #[test]
    fn full_agreement_is_one_and_one_class_only_is_undefined() {
        for weights in ALL {
            let kappa = Kappa::of(&confusion([[3, 0, 0], [0, 4, 0], [0, 0, 5]]), weights).unwrap();
            assert_eq!((kappa.value, kappa.interval(Level::new(0.95).unwrap())), (1.0, Interval { lower: 1.0, upper: 1.0 }));
            assert_eq!(Kappa::of(&confusion([[0, 0, 0], [0, 9, 0], [0, 0, 0]]), weights), Err(Undefined::Constant));
        }
        assert_eq!(Kappa::of(&confusion([[0; 3]; 3]), Weights::Linear), Err(Undefined::NoSubject));
    }
}
