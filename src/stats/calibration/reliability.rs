//! The reliability curve: predicted against observed shares, bin by bin (Murphy & Winkler 1977, Appl Stat 26:41), and the
//! errors that are read off it (Naeini, Cooper & Hauskrecht 2015, AAAI 29:2901).

use std::num::NonZeroUsize;

use crate::stats::proportion::{Proportion, wilson};
use crate::stats::{Interval, Level, Probabilities};

/// How subjects are put into bins; a calibration error means nothing without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// So many bins of equal width: bin min(⌊kp⌋, k - 1).
    EqualWidth(NonZeroUsize),
    /// So many bins of about equally many subjects: rank r of N by probability, from 0, goes to bin ⌊kr/N⌋. Equal probabilities
    /// keep the order of the subjects and may be parted.
    EqualMass(NonZeroUsize),
}

/// The bins with somebody in them, by increasing probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// At least one.
    pub bins: Vec<Bin>,
}

/// One point of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Mean predicted probability, in [0, 1].
    pub predicted: f64,
    /// The cases among the bin's subjects.
    pub observed: Proportion,
}

impl Binning {
    /// The bin of the subject of this rank.
    fn of(self, probability: f64, rank: usize, subjects: usize) -> usize {
        match self {
            Self::EqualWidth(bins) => ((bins.get() as f64 * probability) as usize).min(bins.get() - 1),
            // In 128 bits, because the number of bins is anybody's.
            Self::EqualMass(bins) => (bins.get() as u128 * rank as u128 / subjects as u128) as usize,
        }
    }
}

impl Reliability {
    /// Bins the subjects. Memory and time grow with their number, not with that of the bins.
    pub fn of(probabilities: &Probabilities, binning: Binning) -> Self {
        let mut outcomes: Vec<_> = probabilities.outcomes().collect();
        outcomes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let subjects = outcomes.len();
        let binned: Vec<_> =
            outcomes.iter().enumerate().map(|(rank, &(p, case))| (binning.of(p, rank, subjects), p, case)).collect();
        Self { bins: binned.chunk_by(|a, b| a.0 == b.0).filter_map(Bin::of).collect() }
    }

    /// Expected calibration error: Σ (share of subjects) · |observed - predicted|, in [0, 1].
    pub fn expected_error(&self) -> f64 {
        let subjects: u64 = self.bins.iter().map(|bin| bin.observed.trials()).sum();
        self.bins.iter().map(|bin| bin.observed.trials() as f64 / subjects as f64 * bin.error()).sum()
    }

    /// Largest |observed - predicted| of a bin, in [0, 1]. A bin of few subjects decides it easily.
    pub fn largest_error(&self) -> f64 {
        self.bins.iter().map(Bin::error).fold(0.0, f64::max)
    }
}

impl Bin {
    fn of(members: &[(usize, f64, bool)]) -> Option<Self> {
        let cases = members.iter().filter(|member| member.2).count();
        let predicted = members.iter().map(|member| member.1).sum::<f64>() / members.len() as f64;
        Some(Self { predicted, observed: Proportion::new(cases, members.len() - cases).ok()? })
    }

    /// Wilson's interval of the observed share.
    pub fn interval(&self, level: Level) -> Interval {
        wilson(self.observed, level)
    }

    /// |observed - predicted| in [0, 1].
    pub fn error(&self) -> f64 {
        (self.observed.estimate() - self.predicted).abs()
    }
}
