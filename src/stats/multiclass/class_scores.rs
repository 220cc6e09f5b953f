//! One true class and one score a class for every subject.

use std::sync::Arc;

use thiserror::Error;

use crate::stats::decision::Confusion;
use crate::stats::{MAX_SUBJECTS, Placements, Reference, Scores};

/// The scores of one classifier of k ≥ 2 classes, each of which occurs.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores {
    truths: Vec<usize>,
    /// By class, then subject.
    scores: Vec<Vec<f64>>,
}

/// Classes and scores that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidClassScores {
    /// Fewer than two classes.
    #[error("{0} columns of scores leave nothing to tell apart; give one for each of at least two classes")]
    Classes(usize),
    /// Not one score a subject.
    #[error("class {class} (counted from 0) has {scores} scores for {subjects} subjects")]
    Length {
        /// Which class, from 0.
        class: usize,
        /// Scores given.
        scores: usize,
        /// Subjects with a true class.
        subjects: usize,
    },
    /// A true class without a column.
    #[error("the class of the subject in row {row} is {class}, and there are {classes} columns of scores (all counted from 0)")]
    Unknown {
        /// Which subject, from 0.
        row: usize,
        /// Its class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A class that nobody belongs to.
    #[error("no subject is of class {class} (counted from 0); leave its column out")]
    Empty {
        /// Which class, from 0.
        class: usize,
    },
    /// A score without a rank.
    #[error(
        "the score for class {class} in row {row} (both counted from 0) is not a number; drop the subject, or mend the score"
    )]
    NotANumber {
        /// Which class, from 0.
        class: usize,
        /// Which subject, from 0.
        row: usize,
    },
    /// Exact arithmetic would overflow.
    #[error("{0} scores are more than the {MAX_SUBJECTS} that exact arithmetic is laid out for")]
    TooMany(usize),
}

impl ClassScores {
    /// The true class of each subject, counted from 0, and for each class the subjects' scores; higher means rather that class.
    ///
    /// # Errors
    /// When the lengths differ, a class is unknown or empty, or a score is NaN.
    pub fn new(truths: Vec<usize>, scores: Vec<Vec<f64>>) -> Result<Self, InvalidClassScores> {
        let (classes, subjects) = (scores.len(), truths.len());
        if classes < 2 {
            return Err(InvalidClassScores::Classes(classes));
        }
        if classes.saturating_mul(subjects) > MAX_SUBJECTS {
            return Err(InvalidClassScores::TooMany(classes.saturating_mul(subjects)));
        }
        if let Some(row) = truths.iter().position(|&class| class >= classes) {
            return Err(InvalidClassScores::Unknown { row, class: truths[row], classes });
        }
        for (class, column) in scores.iter().enumerate() {
            Self::check(class, column, &truths)?;
        }
        Ok(Self { truths, scores })
    }

    fn check(class: usize, column: &[f64], truths: &[usize]) -> Result<(), InvalidClassScores> {
        if column.len() != truths.len() {
            return Err(InvalidClassScores::Length { class, scores: column.len(), subjects: truths.len() });
        }
        if let Some(row) = column.iter().position(|score| score.is_nan()) {
            return Err(InvalidClassScores::NotANumber { class, row });
        }
        if truths.contains(&class) { Ok(()) } else { Err(InvalidClassScores::Empty { class }) }
    }

    /// Number of classes, k ≥ 2.
    pub fn classes(&self) -> usize {
        self.scores.len()
    }

    /// The true class of each subject.
    pub fn truths(&self) -> &[usize] {
        &self.truths
    }

    /// The subjects' scores for one class.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn scores(&self, class: usize) -> &[f64] {
        &self.scores[class]
    }

    /// Number of subjects of one class, at least 1.
    pub fn subjects_of(&self, class: usize) -> usize {
        self.truths.iter().filter(|&&truth| truth == class).count()
    }

    /// The class of the highest score of each subject; the first of several.
    pub fn predicted(&self) -> Vec<usize> {
        let score = |class: usize, subject: usize| self.scores[class][subject];
        let better = |subject| move |best, class| if score(class, subject) > score(best, subject) { class } else { best };
        (0..self.truths.len()).map(|subject| (1..self.classes()).fold(0, better(subject))).collect()
    }

    /// How often each class is taken for each, each subject taken for what it scores highest.
    pub fn confusion(&self) -> Confusion {
        let subjects = self.truths.iter().copied().zip(self.predicted());
        Confusion::count(self.classes(), subjects).expect("truths and predictions are among the classes")
    }

    /// The curve of `class` by its own scores, among those subjects that `among` lets in by their class.
    pub(super) fn curve(&self, class: usize, among: impl Fn(usize) -> bool) -> Placements {
        let members = || (0..self.truths.len()).filter(|&subject| among(self.truths[subject]));
        let is_case = members().map(|subject| self.truths[subject] == class).collect();
        let scores: Vec<f64> = members().map(|subject| self.scores[class][subject]).collect();
        placements(is_case, &scores)
    }

    /// The curve of all scores together, each a case where it is the score for the true class.
    pub(super) fn pooled(&self) -> Placements {
        let classes = 0..self.classes();
        let is_case = classes.flat_map(|class| self.truths.iter().map(move |&truth| truth == class)).collect();
        placements(is_case, &self.scores.concat())
    }
}

/// Every class occurs, and no score is NaN.
fn placements(is_case: Vec<bool>, scores: &[f64]) -> Placements {
    let reference = Arc::new(Reference::new(is_case).expect("a case and a control"));
    Placements::of(&Scores::new(&reference, scores).expect("one number a subject"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let refused = |truths: &[usize], scores: &[&[f64]]| {
            ClassScores::new(truths.to_vec(), scores.iter().map(|column| column.to_vec()).collect()).unwrap_err()
        };
        assert_eq!(refused(&[0], &[&[1.0]]), InvalidClassScores::Classes(1));
        assert_eq!(refused(&[0, 1], &[&[1.0, 2.0], &[1.0]]), InvalidClassScores::Length { class: 1, scores: 1, subjects: 2 });
        assert_eq!(refused(&[0, 2], &[&[1.0, 2.0], &[1.0, 2.0]]), InvalidClassScores::Unknown { row: 1, class: 2, classes: 2 });
        assert_eq!(refused(&[0, 0], &[&[1.0, 2.0], &[1.0, 2.0]]), InvalidClassScores::Empty { class: 1 });
        assert_eq!(refused(&[0, 1], &[&[1.0, f64::NAN], &[1.0, 2.0]]), InvalidClassScores::NotANumber { class: 0, row: 1 });
    }

    #[test]
    fn the_first_of_equal_scores_is_predicted() {
        let scores =
            ClassScores::new(vec![0, 1, 2], vec![vec![0.5, 0.2, 0.3], vec![0.5, 0.4, 0.3], vec![0.0, 0.4, 0.4]]).unwrap();
        assert_eq!(scores.predicted(), [0, 1, 2]);
        assert_eq!(scores.confusion().accuracy().unwrap().estimate(), 1.0);
    }
}
