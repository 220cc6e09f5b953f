//! The reference standard: who is a case and who a control.

use thiserror::Error;

/// Most subjects of one study, 2²⁵. Up to here every sum of placements fits `i128` and the AUC is rounded once.
pub const MAX_SUBJECTS: usize = 1 << 25;

/// The reference standard of a study, with at least one case and one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    is_case: Vec<bool>,
    cases: usize,
}

/// A reference standard that no ROC curve can be drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidReference {
    /// There is nobody to be detected.
    #[error("none of the {0} subjects is a case; an ROC curve needs at least one case and one control")]
    NoCase(usize),
    /// There is nobody to be spared.
    #[error("each of the {0} subjects is a case; an ROC curve needs at least one case and one control")]
    NoControl(usize),
    /// Exact arithmetic would overflow.
    #[error("{0} subjects are more than the {MAX_SUBJECTS} that exact arithmetic is laid out for")]
    TooMany(usize),
}

impl Reference {
    /// The reference standard of the subjects in order, `true` for a case.
    ///
    /// # Errors
    /// When there is no case, no control, or more than [`MAX_SUBJECTS`].
    pub fn new(is_case: Vec<bool>) -> Result<Self, InvalidReference> {
        let cases = is_case.iter().filter(|&&case| case).count();
        match (cases, is_case.len()) {
            (_, all) if all > MAX_SUBJECTS => Err(InvalidReference::TooMany(all)),
            (0, all) => Err(InvalidReference::NoCase(all)),
            (cases, all) if cases == all => Err(InvalidReference::NoControl(all)),
            _ => Ok(Self { is_case, cases }),
        }
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.is_case.len()
    }

    /// Number of cases, m ≥ 1.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Number of controls, n ≥ 1.
    pub fn controls(&self) -> usize {
        self.is_case.len() - self.cases
    }

    /// Whether subject `index` is a case.
    ///
    /// # Panics
    /// When there is no such subject.
    pub fn is_case(&self, index: usize) -> bool {
        self.is_case[index]
    }

    /// Whether each subject is a case, in order.
    pub(super) fn classes(&self) -> &[bool] {
        &self.is_case
    }

    /// The entries of `values`, one a subject, that belong to cases (`true`) or to controls.
    pub(super) fn of_class<'a, T: Copy>(&'a self, case: bool, values: &'a [T]) -> impl Iterator<Item = T> + 'a {
        self.is_case.iter().zip(values).filter_map(move |(&is_case, &value)| (is_case == case).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_only_is_refused_and_named() {
        assert_eq!(Reference::new(vec![true; 4]), Err(InvalidReference::NoControl(4)));
        assert_eq!(Reference::new(vec![false; 3]), Err(InvalidReference::NoCase(3)));
        assert_eq!(Reference::new(vec![]), Err(InvalidReference::NoCase(0)));
    }
}
