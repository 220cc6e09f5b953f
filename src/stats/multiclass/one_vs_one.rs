//! Each class against each other, among the subjects of these two (Hand & Till 2001, Mach Learn 45:171). How common the other
//! classes are does not matter.

use super::ClassScores;
use crate::stats::auc;

/// All pairs of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct OneVsOne {
    /// By first class, then second; k (k - 1)/2 of them.
    pub pairs: Vec<ClassPair>,
}

/// Two classes and how well their scores tell one from the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassPair {
    /// The two, counted from 0.
    pub classes: [usize; 2],
    /// Â(i|j) and Â(j|i): the area by the score for the first class, and by that for the second.
    pub areas: [f64; 2],
    /// Number of subjects of the two.
    pub subjects: usize,
}

impl OneVsOne {
    /// Compares all pairs.
    pub fn of(scores: &ClassScores) -> Self {
        let classes = scores.classes();
        let pairs = (0..classes).flat_map(|first| (first + 1..classes).map(move |second| [first, second]));
        Self { pairs: pairs.map(|pair| ClassPair::of(scores, pair)).collect() }
    }

    /// Hand & Till's M: the mean over the pairs, 2/[k (k - 1)] Σ Â(i, j).
    pub fn hand_till(&self) -> f64 {
        self.pairs.iter().map(ClassPair::mean).sum::<f64>() / self.pairs.len() as f64
    }

    /// The mean over the pairs, each weighted by its number of subjects.
    pub fn weighted_average(&self) -> f64 {
        let subjects: usize = self.pairs.iter().map(|pair| pair.subjects).sum();
        self.pairs.iter().map(|pair| pair.mean() * pair.subjects as f64).sum::<f64>() / subjects as f64
    }
}

impl ClassPair {
    fn of(scores: &ClassScores, classes: [usize; 2]) -> Self {
        let area = |class| auc(&scores.curve(class, |truth| classes.contains(&truth)));
        let subjects = classes.map(|class| scores.subjects_of(class)).iter().sum();
        Self { classes, areas: classes.map(area), subjects }
    }

    /// Â(i, j) = [Â(i|j) + Â(j|i)]/2.
    pub fn mean(&self) -> f64 {
        (self.areas[0] + self.areas[1]) / 2.0
    }
}
