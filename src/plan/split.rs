//! The draw: a part, or a fold, for every patient whom the label table leaves open.
//!
//! Patients are drawn, never exams. The order of the draw is a hash of the seed and the patient's name, so it knows nothing of files,
//! of their order, or of other patients. Numbers of patients are then taken class by class from the front of that order: one more
//! patient moves one other at each border at most. A share is compared with the hash itself: nobody moves, ever, and the
//! numbers come out as chance has it.

use std::collections::{BTreeMap, BTreeSet};

use super::Part;
use super::roster::Candidate;
use crate::seed::Seed;
use crate::spec::{Experiment, Test};

/// Where patients go.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) parts: BTreeMap<String, Part>,
    /// From 1; empty where there are no folds.
    pub(super) folds: BTreeMap<String, usize>,
}

/// A place for every patient.
pub(super) fn draw(candidates: &[Candidate], experiment: &Experiment, seed: Seed, faults: &mut Vec<String>) -> Places {
    let patients = patients(candidates, &experiment.split.balance, seed.child("split"));
    let draw = Draw { patients: &patients, experiment, seed: seed.child("split") };
    match &experiment.split.test {
        Test::Folds(count) => Places { folds: draw.folds(*count, faults), ..Places::default() },
        Test::Counts(counts) => Places { parts: draw.counts(counts, faults), ..Places::default() },
        Test::Share(share) => Places { parts: draw.share(*share), ..Places::default() },
    }
}

/// The class of each patient: of several the first by name.
pub(super) fn classes_of<'a>(exams: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, &'a str> {
    let mut classes: BTreeMap<&str, &str> = BTreeMap::new();
    for (patient, class) in exams {
        let first = classes.entry(patient).or_insert(class);
        *first = (*first).min(class);
    }
    classes
}

/// What the draw knows of a patient.
struct Patient<'a> {
    name: &'a str,
    class: &'a str,
    /// Values of the columns to balance by, of the first exam by id.
    stratum: Vec<&'a str>,
    /// What the label table says.
    part: Option<Part>,
    fold: Option<usize>,
}

/// All patients in the order of the draw.
fn patients<'a>(candidates: &'a [Candidate], balance: &[String], stream: Seed) -> Vec<Patient<'a>> {
    let classes = classes_of(candidates.iter().map(|exam| (exam.patient.as_str(), exam.class.as_str())));
    let mut exams: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    candidates.iter().for_each(|exam| exams.entry(&exam.patient).or_default().push(exam));
    let fact = |exam: &'a Candidate, column: &String| exam.facts.get(column).map_or("", String::as_str);
    let patient = |(name, mut exams): (&'a str, Vec<&'a Candidate>)| {
        exams.sort_by(|a, b| a.id.cmp(&b.id));
        Patient {
            name,
            class: classes[name],
            stratum: balance.iter().map(|column| fact(exams[0], column)).collect(),
            part: exams.iter().find_map(|exam| exam.part),
            fold: exams.iter().find_map(|exam| exam.fold),
        }
    };
    let mut patients: Vec<Patient<'_>> = exams.into_iter().map(patient).collect();
    patients.sort_by_cached_key(|patient| (patient.class, stream.child(patient.name).to_i64()));
    patients
}

struct Draw<'a> {
    patients: &'a [Patient<'a>],
    experiment: &'a Experiment,
    seed: Seed,
}

impl<'a> Draw<'a> {
    fn counts(&self, counts: &BTreeMap<String, usize>, faults: &mut Vec<String>) -> BTreeMap<String, Part> {
        let counts = self.by_class(counts, faults);
        let mut parts = self.pinned();
        for class in self.classes().into_iter().filter(|class| self.open(class).next().is_some()) {
            let wanted = counts.get(class).copied().unwrap_or(0).saturating_sub(self.pinned_as(class, Part::Test));
            let open = self.open(class).count();
            if wanted > open {
                faults.push(format!("class `{class}` has {open} patients to divide and {wanted} are wanted for the test"));
                continue;
            }
            let (test, development) = take(self.strata(class), wanted);
            let developing = development.iter().map(Vec::len).sum::<usize>();
            let (train, tune) = (self.pinned_as(class, Part::Train), self.pinned_as(class, Part::Tune));
            let tuning = (self.experiment.split.tune * (developing + train + tune) as f64).round() as usize;
            let (tune, train) = take(development, tuning.saturating_sub(tune).min(developing));
            for (part, members) in [(Part::Test, test), (Part::Tune, tune), (Part::Train, train.concat())] {
                parts.extend(members.into_iter().map(|patient| (patient.name.to_owned(), part)));
            }
        }
        parts
    }

    /// Two numbers in [0, 1) of each patient decide: one on the test, one on the tuning.
    fn share(&self, share: f64) -> BTreeMap<String, Part> {
        let chance =
            |what: &str, patient: &Patient<'_>| self.seed.child(what).child(patient.name).to_i64() as f64 / i64::MAX as f64;
        let part = |patient: &Patient<'_>| match () {
            () if chance("test", patient) < share => Part::Test,
            () if chance("tune", patient) < self.experiment.split.tune => Part::Tune,
            () => Part::Train,
        };
        self.patients.iter().map(|patient| (patient.name.to_owned(), patient.part.unwrap_or_else(|| part(patient)))).collect()
    }

    /// Each stratum is dealt out in turn, and the next goes on where it ended, so that the folds are of one size.
    fn folds(&self, count: usize, faults: &mut Vec<String>) -> BTreeMap<String, usize> {
        let (mut folds, mut next) = (BTreeMap::new(), 0);
        for class in self.classes() {
            let members = self.patients.iter().filter(|patient| patient.class == class).count();
            if members < count {
                faults.push(format!("class `{class}` has {members} patients for {count} folds: a fold would have none of it"));
            }
            for patient in self.strata(class).into_iter().flatten() {
                folds.insert(patient.name.to_owned(), next % count + 1);
                next += 1;
            }
        }
        for patient in self.patients.iter().filter(|patient| patient.fold.is_some_and(|fold| fold > count)) {
            let fold = patient.fold.unwrap_or_default();
            faults.push(format!("patient `{}` is put into fold {fold} of {count}", patient.name));
        }
        folds.extend(self.patients.iter().filter_map(|patient| Some((patient.name.to_owned(), patient.fold?))));
        folds
    }

    fn pinned(&self) -> BTreeMap<String, Part> {
        self.patients.iter().filter_map(|patient| Some((patient.name.to_owned(), patient.part?))).collect()
    }

    fn pinned_as(&self, class: &str, part: Part) -> usize {
        self.patients.iter().filter(|patient| patient.class == class && patient.part == Some(part)).count()
    }

    fn open<'s>(&'s self, class: &'s str) -> impl Iterator<Item = &'a Patient<'a>> + 's {
        self.patients.iter().filter(move |patient| patient.class == class && patient.part.is_none() && patient.fold.is_none())
    }

    fn classes(&self) -> BTreeSet<&'a str> {
        self.patients.iter().map(|patient| patient.class).collect()
    }

    /// The open patients of a class, stratum by stratum, each in the order of the draw.
    fn strata(&self, class: &str) -> Vec<Vec<&'a Patient<'a>>> {
        let mut strata: BTreeMap<&[&str], Vec<&Patient<'_>>> = BTreeMap::new();
        self.open(class).for_each(|patient| strata.entry(&patient.stratum).or_default().push(patient));
        strata.into_values().collect()
    }

    /// Test patients of each class. The key `positive` is shared among the positive classes in proportion to their open patients.
    fn by_class(&self, counts: &BTreeMap<String, usize>, faults: &mut Vec<String>) -> BTreeMap<String, usize> {
        let classes = self.classes();
        let mut counts = counts.clone();
        let Some(shared) = counts.remove("positive").filter(|_| !classes.contains("positive")) else { return counts };
        let positive = &self.experiment.cohort.positive;
        let sharing: Vec<&String> = positive.iter().filter(|class| !counts.contains_key(*class)).collect();
        let sizes: Vec<usize> = sharing.iter().map(|class| self.open(class).count()).collect();
        let pinned: Vec<usize> = sharing.iter().map(|class| self.pinned_as(class, Part::Test)).collect();
        let (open, wanted) = (sizes.iter().sum::<usize>(), shared.saturating_sub(pinned.iter().sum()));
        if open == 0 {
            return counts;
        }
        if wanted > open {
            faults.push(format!("{open} positive patients are there to divide and {wanted} are wanted for the test"));
            return counts;
        }
        let shares = in_proportion(wanted, &sizes).into_iter().zip(pinned).map(|(share, pinned)| share + pinned);
        counts.extend(sharing.into_iter().cloned().zip(shares));
        counts
    }
}

/// The first so many patients, from each stratum in proportion to its size, and the rest.
fn take<'a>(strata: Vec<Vec<&'a Patient<'a>>>, count: usize) -> (Vec<&'a Patient<'a>>, Vec<Vec<&'a Patient<'a>>>) {
    let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
    let (mut taken, mut rest) = (vec![], vec![]);
    for (mut stratum, share) in strata.into_iter().zip(in_proportion(count, &sizes)) {
        rest.push(stratum.split_off(share));
        taken.extend(stratum);
    }
    (taken, rest)
}

/// `count` in proportion to `sizes`, none larger than its size, by largest remainder; of equals the first.
fn in_proportion(count: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let mut shares: Vec<usize> = sizes.iter().map(|size| count * size / all.max(1)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(count * sizes[*at] % all.max(1)));
    let missing = count.min(all) - shares.iter().sum::<usize>();
    order.into_iter().take(missing).for_each(|at| shares[at] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::artifact::Files;
    use crate::plan::ExamSource;
    use crate::spec::{self, Slices};
    use crate::stage::Format;

    const CLASSES: [&str; 3] = ["none", "left", "right"];

    fn experiment(test: Test, balance: &[&str]) -> Experiment {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/study.toml");
        let mut study = spec::load(&path, &[]).expect("the spec is sound").study.expect("a study");
        study.split.test = test;
        study.split.balance = balance.iter().map(|column| (*column).to_owned()).collect();
        study
    }

    /// Exams of patients, each with a class and a scanner.
    fn exams(patients: &[(u16, usize, usize)]) -> Vec<Candidate> {
        let exam = |(at, &(patient, class, scanner)): (usize, &(u16, usize, usize))| Candidate {
            id: format!("exam{at}"),
            patient: format!("patient{patient}"),
            class: CLASSES[class].to_owned(),
            part: None,
            fold: None,
            slices: Slices::All,
            lasting: None,
            facts: [("scanner".to_owned(), format!("s{scanner}"))].into(),
            texts: 0,
            source: ExamSource::Files(Format::Dicom, Files::default()),
        };
        patients.iter().enumerate().map(exam).collect()
    }

    fn drawn(exams: &[Candidate], experiment: &Experiment) -> (Places, Vec<String>) {
        let mut faults = vec![];
        let places = draw(exams, experiment, Seed::root(3), &mut faults);
        (places, faults)
    }

    fn cohort() -> impl Strategy<Value = Vec<(u16, usize, usize)>> {
        prop::collection::vec((0..400_u16, 0..3_usize, 0..3_usize), 30..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever is added, nobody moves: neither patients nor the new exams of known patients.
        #[test]
        fn a_share_is_stable_under_additions(cohort in cohort(), more in cohort(), share in 0.1..0.6) {
            let experiment = experiment(Test::Share(share), &[]);
            let before = drawn(&exams(&cohort), &experiment).0.parts;
            let after = drawn(&exams(&[cohort, more].concat()), &experiment).0.parts;
            for (patient, part) in before {
                prop_assert_eq!(after[&patient], part);
            }
        }

        /// One more patient of a class moves at most one other at each border of that class, and nobody of another class.
        #[test]
        fn counts_move_one_patient_at_a_border(sizes in prop::array::uniform3(8..30_u16), class in 0..3_usize) {
            let patients: Vec<(u16, usize, usize)> =
                (0..3).flat_map(|class| (0..sizes[class]).map(move |at| (class as u16 * 100 + at, class, 0))).collect();
            let counts = CLASSES.map(|class| (class.to_owned(), 4)).into();
            let experiment = experiment(Test::Counts(counts), &[]);
            let (before, faults) = drawn(&exams(&patients), &experiment);
            prop_assert!(faults.is_empty(), "{faults:?}");
            let after = drawn(&exams(&[patients, vec![(999, class, 0)]].concat()), &experiment).0.parts;
            let moved: Vec<&String> = before.parts.iter().filter(|(patient, part)| after[*patient] != **part).map(|(patient, _)| patient).collect();
            prop_assert!(moved.len() <= 2, "{moved:?}");
            for patient in moved {
                let number: usize = patient["patient".len()..].parse().expect("a number");
                prop_assert_eq!(number / 100, class);
            }
        }

        /// Every patient is in one fold; classes, and strata within them, differ by one patient between folds at most.
        #[test]
        fn folds_are_stratified(sizes in prop::array::uniform3(6..25_u16), count in 3..6_usize) {
            let patients: Vec<(u16, usize, usize)> =
                (0..3).flat_map(|class| (0..sizes[class]).map(move |at| (class as u16 * 100 + at, class, usize::from(at) % 2))).collect();
            let exams = exams(&patients);
            let (places, faults) = drawn(&exams, &experiment(Test::Folds(count), &["scanner"]));
            prop_assert!(faults.is_empty(), "{faults:?}");
            prop_assert_eq!(places.folds.len(), exams.len());
            let spread = |fits: &dyn Fn(&Candidate) -> bool| {
                let of = |fold| exams.iter().filter(|exam| fits(exam) && places.folds[&exam.patient] == fold).count();
                let sizes: Vec<usize> = (1..=count).map(of).collect();
                sizes.iter().max().expect("folds") - sizes.iter().min().expect("folds")
            };
            prop_assert!(spread(&|_| true) <= 1);
            for class in CLASSES {
                prop_assert!(spread(&|exam| exam.class == class) <= 1);
                for scanner in ["s0", "s1"] {
                    prop_assert!(spread(&|exam| exam.class == class && exam.facts["scanner"] == scanner) <= 1);
                }
            }
        }

        /// The test has the numbers that were asked for, and of each scanner its share.
        #[test]
        fn counts_are_balanced_by_columns(sizes in prop::array::uniform2(8..40_u16)) {
            let patients: Vec<(u16, usize, usize)> = (0..2)
                .flat_map(|scanner| (0..sizes[scanner]).map(move |at| (scanner as u16 * 100 + at, 0, scanner)))
                .collect();
            let wanted = usize::from(sizes[0] + sizes[1]) / 3;
            let exams = exams(&patients);
            let experiment = experiment(Test::Counts([("none".to_owned(), wanted)].into()), &["scanner"]);
            let places = drawn(&exams, &experiment).0;
            let tests = |scanner: &str| {
                let of = |exam: &&Candidate| exam.facts["scanner"] == scanner && places.parts[&exam.patient] == Part::Test;
                exams.iter().filter(of).count()
            };
            prop_assert_eq!(tests("s0") + tests("s1"), wanted);
            let fair = wanted as f64 * f64::from(sizes[0]) / f64::from(sizes[0] + sizes[1]);
            prop_assert!((tests("s0") as f64 - fair).abs() <= 1.0);
        }
    }

    #[test]
    fn a_share_is_about_kept_of_each_class() {
        let patients: Vec<(u16, usize, usize)> = (0..3000).map(|at| (at, usize::from(at) % 3, 0)).collect();
        let parts = drawn(&exams(&patients), &experiment(Test::Share(0.3), &[])).0.parts;
        for class in 0..3 {
            let of = |part| {
                parts
                    .iter()
                    .filter(|(patient, own)| {
                        patient["patient".len()..].parse::<usize>().expect("a number") % 3 == class && **own == part
                    })
                    .count()
            };
            assert!((270..330).contains(&of(Part::Test)), "{}", of(Part::Test));
            // A quarter of the rest.
            assert!((150..200).contains(&of(Part::Tune)), "{}", of(Part::Tune));
        }
    }

    #[test]
    fn what_the_table_says_counts_towards_the_numbers_and_holds_for_the_whole_patient() {
        let mut exams = exams(&(0..12).map(|at| (at, 0, 0)).chain([(0, 0, 0)]).collect::<Vec<_>>());
        exams[0].part = Some(Part::Test);
        let experiment = experiment(Test::Counts([("none".to_owned(), 3)].into()), &[]);
        let parts = drawn(&exams, &experiment).0.parts;
        assert_eq!(parts["patient0"], Part::Test);
        assert_eq!(parts.values().filter(|part| **part == Part::Test).count(), 3);
    }
}
