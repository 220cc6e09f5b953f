//! Two yes-or-no answers about the same subjects: two readers' sensitivities, for instance, over the same cases.

use super::Proportion;
use crate::stats::Undefined;

/// How two methods fare on each subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedProportions {
    /// Subjects that both get right.
    pub both: usize,
    /// Subjects that only the first gets right.
    pub only_first: usize,
    /// Subjects that only the second gets right.
    pub only_second: usize,
    /// Subjects that neither gets right.
    pub neither: usize,
}

impl PairedProportions {
    /// Counts (first right, second right) over the subjects.
    pub fn count(answers: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for answer in answers {
            *match answer {
                (true, true) => &mut counts.both,
                (true, false) => &mut counts.only_first,
                (false, true) => &mut counts.only_second,
                (false, false) => &mut counts.neither,
            } += 1;
        }
        counts
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.both + self.only_first + self.only_second + self.neither
    }

    /// The share that the first gets right.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`].
    pub fn first(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.both + self.only_first, self.only_second + self.neither)
    }

    /// The share that the second gets right.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`].
    pub fn second(&self) -> Result<Proportion, Undefined> {
        Proportion::new(self.both + self.only_second, self.only_first + self.neither)
    }

    /// First share minus second, in [-1, 1]; only the discordant subjects count.
    ///
    /// # Errors
    /// [`Undefined::NoSubject`].
    pub fn difference(&self) -> Result<f64, Undefined> {
        match self.subjects() {
            0 => Err(Undefined::NoSubject),
            subjects => Ok((self.only_first as f64 - self.only_second as f64) / subjects as f64),
        }
    }

    /// The same subjects with the methods exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { only_first: self.only_second, only_second: self.only_first, ..self }
    }
}
