//! Who is in a phantom cohort.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Class, Exam};
use crate::seed::Seed;

/// Pallidal calcifications among the exams of the study that the default cohort reproduces.
const CALCIFIED: (usize, usize) = (7, 170);

/// `[cohort.phantom]` of a spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// Exams of each class: `none`, `right`, `left`.
    pub exams: BTreeMap<String, usize>,
    /// Side of the DICOM matrix, pixels: 512 as scanners write, or 256 for quick runs.
    pub matrix: usize,
    /// Exams of class `none` with calcified pallida; 7 of 170 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calcified: Option<usize>,
    /// What makes the hemorrhages hard to see.
    #[serde(default)]
    pub difficulty: Difficulty,
}

/// Physical quantities that move a detector from near 1 to chance; the defaults give a cohort like a clinical one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Difficulty {
    /// Mean attenuation of fresh clot, HU: 70 easy, 48 hard.
    pub clot: f64,
    /// Smallest transverse diameter of a hemorrhage, cm, in (0, 7): 1.5 easy, 0.5 hard.
    pub smallest: f64,
    /// Standard deviation between scanners of the attenuation of all brain, HU: 0 easy, 4 hard.
    pub offset: f64,
    /// Standard deviation of noise in a 5 mm slice, HU: 2.5 easy, 6 hard.
    pub noise: f64,
    /// Standard deviation of in-plane rotation in degrees and of shift in mm: 2 easy, 8 hard.
    pub pose: f64,
    /// Share of patients with an old infarct, in [0, 1].
    pub infarct: f64,
}

impl Default for Difficulty {
    fn default() -> Self {
        Self { clot: 62.0, smallest: 0.5, offset: 3.0, noise: 3.5, pose: 4.5, infarct: 0.12 }
    }
}

impl Default for Cohort {
    /// The 170 exams of the paper: 75 without hemorrhage, 48 on the right, 47 on the left.
    fn default() -> Self {
        let exams = [("none", 75), ("right", 48), ("left", 47)].map(|(class, count)| (class.to_owned(), count)).into();
        Self { exams, matrix: 512, calcified: None, difficulty: Difficulty::default() }
    }
}

/// Why a cohort cannot be rendered.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CohortError {
    /// A class that no phantom has.
    #[error("class `{0}` cannot be rendered; a phantom has `none`, `right` and `left`")]
    Class(String),
    /// No exam at all.
    #[error("the cohort has no exams")]
    Empty,
    /// A matrix that no scanner writes.
    #[error("a matrix of {0} pixels cannot be rendered; 64 to 1024 can, 512 is what scanners write")]
    Matrix(usize),
    /// More calcified exams than exams without hemorrhage.
    #[error("{calcified} calcified exams among {none} of class `none`")]
    Calcified {
        /// Wanted.
        calcified: usize,
        /// There are.
        none: usize,
    },
    /// A quantity outside its range.
    #[error("difficulty `{name}` is {value}; it lies in {range}")]
    Difficulty {
        /// The field.
        name: &'static str,
        /// What it is.
        value: f64,
        /// Where it may lie.
        range: &'static str,
    },
}

impl Cohort {
    /// Whether [`Cohort::exams`] can give every exam that is asked for.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), CohortError> {
        if let Some(unknown) = self.exams.keys().find(|name| Class::named(name).is_none()) {
            return Err(CohortError::Class(unknown.clone()));
        }
        if self.count() == 0 {
            return Err(CohortError::Empty);
        }
        if !(64..=1024).contains(&self.matrix) {
            return Err(CohortError::Matrix(self.matrix));
        }
        let none = self.exams_of(Class::None);
        match self.calcified {
            Some(calcified) if calcified > none => Err(CohortError::Calcified { calcified, none }),
            _ => self.difficulty.check(),
        }
    }

    /// The exams in the order of their ids (`001` on), each independent of all others. Which id gets which class is
    /// shuffled by the seed. Names that [`Cohort::check`] refuses are passed over.
    pub fn exams(&self, seed: Seed) -> Vec<Exam> {
        let mut kinds = self.kinds();
        kinds.shuffle(&mut seed.child("classes").rng());
        let exams = kinds.into_iter().enumerate();
        exams.map(|(index, (class, calcified))| self.exam(seed, index + 1, class, calcified)).collect()
    }

    fn exam(&self, seed: Seed, number: usize, class: Class, calcified: bool) -> Exam {
        let id = format!("{number:03}");
        let seed = seed.child(&id);
        Exam { id, class, seed, matrix: self.matrix, calcified, difficulty: self.difficulty }
    }

    /// Class and calcification of every exam, still in order.
    fn kinds(&self) -> Vec<(Class, bool)> {
        let calcified = self.calcified_count();
        let classes = self.exams.iter().filter_map(|(name, count)| Some((Class::named(name)?, *count)));
        classes.flat_map(|(class, count)| (0..count).map(move |i| (class, class == Class::None && i < calcified))).collect()
    }

    fn calcified_count(&self) -> usize {
        let (calcified, all) = CALCIFIED;
        let prorated = (self.count() * calcified + all / 2) / all;
        self.calcified.unwrap_or(prorated).min(self.exams_of(Class::None))
    }

    fn exams_of(&self, class: Class) -> usize {
        self.exams.get(class.name()).copied().unwrap_or(0)
    }

    fn count(&self) -> usize {
        self.exams.values().sum()
    }
}

impl Difficulty {
    fn check(&self) -> Result<(), CohortError> {
        let ranges = [
            ("clot", self.clot, 20.0..=120.0, "20..120 HU"),
            ("smallest", self.smallest, 0.1..=6.5, "0.1..6.5 cm"),
            ("offset", self.offset, 0.0..=10.0, "0..10 HU"),
            ("noise", self.noise, 0.0..=30.0, "0..30 HU"),
            ("pose", self.pose, 0.0..=15.0, "0..15 degrees and mm"),
            ("infarct", self.infarct, 0.0..=1.0, "0..1"),
        ];
        let outside = ranges.into_iter().find(|(_, value, range, _)| !range.contains(value));
        outside.map_or(Ok(()), |(name, value, _, range)| Err(CohortError::Difficulty { name, value, range }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_cohort_has_its_classes_and_seven_calcified_exams() {
        let exams = Cohort::default().exams(Seed::root(2017));
        let count = |class| exams.iter().filter(|exam| exam.class == class).count();
        assert_eq!((count(Class::None), count(Class::Right), count(Class::Left)), (75, 48, 47));
        assert!(exams.iter().all(|exam| !exam.calcified || exam.class == Class::None));
        assert_eq!(exams.iter().filter(|exam| exam.calcified).count(), 7);
        assert_eq!((exams[0].id.as_str(), exams[169].id.as_str()), ("001", "170"));
    }

    /// The ranks of m of n exams have mean (n + 1) / 2, and their mean over 200 cohorts of 170 the standard deviation
    /// sqrt((n - m)(n + 1) / 12 m / 200) = 0.30.
    #[test]
    fn ids_do_not_tell_the_class() {
        let ranks_of = |seed| {
            let exams = Cohort::default().exams(Seed::root(seed));
            let none = exams.iter().enumerate().filter(|(_, exam)| exam.class == Class::None);
            none.map(|(i, _)| i as f64 + 1.0).sum::<f64>() / 75.0
        };
        let mean = (0..200).map(ranks_of).sum::<f64>() / 200.0;
        assert!((mean - 85.5).abs() < 0.9, "{mean}");
    }

    #[test]
    fn an_exam_survives_being_written_down() -> Result<(), serde_json::Error> {
        let exams = Cohort::default().exams(Seed::root(3));
        let text = serde_json::to_string(&exams[0])?;
        assert_eq!(serde_json::from_str::<Exam>(&text)?, exams[0]);
        Ok(())
    }

    #[test]
    fn faults_are_told_before_anything_is_rendered() {
        let misspelt = Cohort { exams: [("rigth".to_owned(), 3)].into(), ..Cohort::default() };
        assert_eq!(misspelt.check(), Err(CohortError::Class("rigth".into())));
        let crowded = Cohort { calcified: Some(80), ..Cohort::default() };
        assert_eq!(crowded.check(), Err(CohortError::Calcified { calcified: 80, none: 75 }));
        let loud = Cohort { difficulty: Difficulty { noise: f64::NAN, ..Difficulty::default() }, ..Cohort::default() };
        assert!(matches!(loud.check(), Err(CohortError::Difficulty { name: "noise", .. })));
    }
}
