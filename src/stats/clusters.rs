//! Which units belong together: the slices of one patient are alike, so that the patient is what was sampled.

use std::collections::BTreeMap;

use thiserror::Error;

/// A cluster for each subject of a reference standard, numbered by the order of the labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    of: Vec<u32>,
    count: usize,
}

/// Clusters that do not fit the subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{labels} cluster labels for {subjects} subjects; give one label a subject, in the order of the scores")]
pub struct InvalidClusters {
    /// Labels given.
    pub labels: usize,
    /// Subjects of the reference standard.
    pub subjects: usize,
}

impl Clusters {
    /// Subjects with equal labels belong together. The order of the subjects does not decide the numbering.
    pub fn new<L: Ord>(labels: &[L]) -> Self {
        let mut numbers: BTreeMap<&L, u32> = labels.iter().map(|label| (label, 0)).collect();
        numbers.values_mut().zip(0..).for_each(|(number, next)| *number = next);
        Self { of: labels.iter().map(|label| numbers[label]).collect(), count: numbers.len() }
    }

    /// Number of clusters.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The cluster of each subject, in `0..count`, in the order of the reference.
    pub fn of_subjects(&self) -> &[u32] {
        &self.of
    }

    /// Whether there is one label a subject.
    ///
    /// # Errors
    /// When there is not.
    pub(super) fn check(&self, subjects: usize) -> Result<(), InvalidClusters> {
        if self.of.len() == subjects { Ok(()) } else { Err(InvalidClusters { labels: self.of.len(), subjects }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbered_in_their_own_order() {
        let clusters = Clusters::new(&["b", "a", "b", "c"]);
        assert_eq!((clusters.count(), clusters.of_subjects()), (3, [1, 0, 1, 2].as_slice()));
        assert_eq!(clusters.check(5), Err(InvalidClusters { labels: 4, subjects: 5 }));
    }
}
