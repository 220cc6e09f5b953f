//! The counts of true against predicted classes, two or more.

use thiserror::Error;

use super::Table2x2;
use crate::stats::Undefined;
use crate::stats::proportion::Proportion;

/// How often each class (row) is taken for each (column).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<usize>,
}

/// Classes that cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidConfusion {
    /// Fewer than two classes.
    #[error("{0} classes leave nothing to confuse; give at least two")]
    Classes(usize),
    /// A class that is not there.
    #[error("class {class} of subject {row} (both counted from 0) is not one of {classes}")]
    Unknown {
        /// Which subject, from 0.
        row: usize,
        /// Its true or predicted class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
}

impl Confusion {
    /// Counts (true class, predicted class) over the subjects; classes are numbered from 0.
    ///
    /// # Errors
    /// With fewer than two classes, or a number that is none of them.
    pub fn count(classes: usize, subjects: impl IntoIterator<Item = (usize, usize)>) -> Result<Self, InvalidConfusion> {
        if classes < 2 {
            return Err(InvalidConfusion::Classes(classes));
        }
        let mut counts = vec![0; classes * classes];
        for (row, (truth, predicted)) in subjects.into_iter().enumerate() {
            if let Some(class) = [truth, predicted].into_iter().find(|&class| class >= classes) {
                return Err(InvalidConfusion::Unknown { row, class, classes });
            }
            counts[truth * classes + predicted] += 1;
        }
        Ok(Self { classes, counts })
    }

    /// Number of classes, at least two.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of subjects of class `truth` taken for `predicted`.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn get(&self, truth: usize, predicted: usize) -> usize {
        assert!(predicted < self.classes, "class {predicted} of {}", self.classes);
        self.counts[truth * self.classes + predicted]
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Subjects of each true class.
    pub fn truths(&self) -> Vec<usize> {
        self.counts.chunks(self.classes).map(|row| row.iter().sum()).collect()
    }

    /// Subjects taken for each class.
    pub fn predictions(&self) -> Vec<usize> {
        (0..self.classes).map(|class| self.counts.iter().skip(class).step_by(self.classes).sum()).collect()
    }

    /// Subjects taken for what they are.
    pub fn agreements(&self) -> usize {
        (0..self.classes).map(|class| self.get(class, class)).sum()
    }

    /// Share of the subjects taken for what they are.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`] without subjects.
    pub fn accuracy(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.agreements(), self.subjects() - self.agreements())
    }

    /// One class against the rest.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn one_vs_rest(&self, class: usize) -> Table2x2 {
        let true_positives = self.get(class, class);
        let (of_class, taken_for) = (self.truths()[class], self.predictions()[class]);
        Table2x2 {
            true_positives,
            false_positives: taken_for - true_positives,
            false_negatives: of_class - true_positives,
            true_negatives: self.subjects() + true_positives - of_class - taken_for,
        }
    }
}

impl From<Table2x2> for Confusion {
    /// Controls are class 0, cases class 1.
    fn from(table: Table2x2) -> Self {
        let Table2x2 { true_positives, false_positives, false_negatives, true_negatives } = table;
        Self { classes: 2, counts: vec![true_negatives, false_positives, false_negatives, true_positives] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_truths_and_columns_predictions() {
        let confusion = Confusion::count(3, [(0, 0), (0, 1), (0, 1), (1, 1), (2, 0)]).unwrap();
        assert_eq!((confusion.truths(), confusion.predictions()), (vec![3, 1, 1], vec![2, 3, 0]));
        let table = Table2x2 { true_positives: 1, false_positives: 2, false_negatives: 0, true_negatives: 2 };
        assert_eq!(confusion.one_vs_rest(1), table);
        assert_eq!(Confusion::from(table).one_vs_rest(1), table);
    }

    #[test]
    fn what_is_no_class_is_refused_with_its_row() {
        assert_eq!(Confusion::count(1, []), Err(InvalidConfusion::Classes(1)));
        let unknown = InvalidConfusion::Unknown { row: 1, class: 2, classes: 2 };
        assert_eq!(Confusion::count(2, [(0, 1), (1, 2)]), Err(unknown));
    }
}
