//! The four counts of a decision.

use crate::stats::proportion::Proportion;
use crate::stats::scores::count;
use crate::stats::{InvalidScores, Reference, Scores, Undefined};

/// Who is called positive, among cases and among controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table2x2 {
    /// Cases called positive.
    pub true_positives: usize,
    /// Controls called positive.
    pub false_positives: usize,
    /// Cases called negative.
    pub false_negatives: usize,
    /// Controls called negative.
    pub true_negatives: usize,
}

impl Table2x2 {
    /// Calls positive who scores at least `threshold`; nobody when it is `None`, above every score (as at the first
    /// [`Point`](crate::stats::Point) of a curve).
    pub fn at(scores: &Scores, threshold: Option<f64>) -> Self {
        let (mut true_positives, mut false_positives) = (0, 0);
        for group in scores.tie_groups().filter(|group| threshold.is_some_and(|threshold| group[0].score() >= threshold)) {
            let (cases, controls) = count(group);
            true_positives += cases;
            false_positives += controls;
        }
        Self::of_positives(scores.reference(), true_positives, false_positives)
    }

    /// Calls positive whose entry of `called` is `true`, one entry a subject in the order of `reference`.
    ///
    /// # Errors
    /// When there is not one entry a subject.
    pub fn of(reference: &Reference, called: &[bool]) -> Result<Self, InvalidScores> {
        if called.len() != reference.subjects() {
            return Err(InvalidScores::Length { scores: called.len(), subjects: reference.subjects() });
        }
        let positives = |case: bool| reference.of_class(case, called).filter(|&called| called).count();
        Ok(Self::of_positives(reference, positives(true), positives(false)))
    }

    fn of_positives(reference: &Reference, true_positives: usize, false_positives: usize) -> Self {
        Self {
            true_positives,
            false_positives,
            false_negatives: reference.cases() - true_positives,
            true_negatives: reference.controls() - false_positives,
        }
    }

    /// Share of the cases called positive.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without cases.
    pub fn sensitivity(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_positives, self.false_negatives)
    }

    /// Share of the controls called negative.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without controls.
    pub fn specificity(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_negatives, self.false_positives)
    }

    /// Share of those called positive who are cases: the positive predictive value at the prevalence **of this sample**. For
    /// another one see [`positive_predictive_value`](super::positive_predictive_value).
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] where nobody is called positive.
    pub fn positive_predictive_value(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_positives, self.false_positives)
    }

    /// Share of those called negative who are controls: the negative predictive value at the prevalence **of this sample**.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] where nobody is called negative.
    pub fn negative_predictive_value(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_negatives, self.false_negatives)
    }

    /// Share of the subjects called rightly, at the prevalence of this sample.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without subjects.
    pub fn accuracy(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_positives + self.true_negatives, self.false_positives + self.false_negatives)
    }

    /// Cases called positive among all who are cases or called positive (Jaccard 1912, New Phytol 11:37).
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] where there are none.
    pub fn jaccard(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.true_positives, self.false_positives + self.false_negatives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_thresholds_agree() {
        let reference = std::sync::Arc::new(Reference::new(vec![false, true, true, false]).unwrap());
        let scores = Scores::new(&reference, &[0.5, 0.5, 0.9, 0.1]).unwrap();
        let table = Table2x2 { true_positives: 2, false_positives: 1, false_negatives: 0, true_negatives: 1 };
        assert_eq!(Table2x2::at(&scores, Some(0.5)), table);
        assert_eq!(Table2x2::of(&reference, &[true, true, true, false]), Ok(table));
        let nobody = Table2x2 { true_positives: 0, false_positives: 0, false_negatives: 2, true_negatives: 2 };
        assert_eq!(Table2x2::at(&scores, None), nobody);
        assert_eq!(nobody.positive_predictive_value(), Err(Undefined::NoSubject));
        assert_eq!(Table2x2::of(&reference, &[true]), Err(InvalidScores::Length { scores: 1, subjects: 4 }));
    }
}
