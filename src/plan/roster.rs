//! Which exams there are, and which of them train, tune and test. A patient is in one part only, whatever the number of their
//! exams.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;

use super::{cohort, readers, subgroups};
use crate::artifact::Files;
use crate::phantom;
use crate::seed::Seed;
use crate::spec::{Experiment, Source, Split};
use crate::stage::compare;

/// The exams of an experiment, and what is known of the test exams beside their images.
#[derive(Debug, Clone)]
pub struct Roster {
    /// Sorted by id.
    pub exams: Vec<Exam>,
    /// Groups of test exams to look at on their own.
    pub subgroups: Vec<compare::Subgroup>,
    /// Scores of the test exams that come from elsewhere.
    pub readers: Vec<compare::Reader>,
}

/// One exam.
#[derive(Debug, Clone)]
pub struct Exam {
    /// Its name in tables.
    pub id: String,
    /// Whose it is.
    pub patient: String,
    /// The reference standard.
    pub class: String,
    /// What it is for.
    pub part: Part,
    /// What else is known of it, by name.
    pub facts: BTreeMap<String, String>,
    /// Where its images come from.
    pub source: ExamSource,
}

/// What an exam is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Weights are fitted to it.
    Train,
    /// The epoch is chosen on it.
    Tune,
    /// The model is judged on it.
    Test,
}

impl Part {
    /// All parts in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Tune, Self::Test];

    /// `train`, `tune` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Tune => "tune",
            Self::Test => "test",
        }
    }

    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Train => "Training",
            Self::Tune => "Tuning",
            Self::Test => "Test",
        }
    }

    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// Where an exam's images come from.
#[derive(Debug, Clone)]
pub enum ExamSource {
    /// Rendered from its parameters.
    Phantom(Box<phantom::Exam>),
    /// The user's files.
    Dicom(Files),
}

/// An exam before it has a part; `part` is what the label table says, if it does.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) patient: String,
    pub(super) class: String,
    pub(super) part: Option<Part>,
    pub(super) facts: BTreeMap<String, String>,
    pub(super) source: ExamSource,
}

/// Everything that is wrong with a cohort, a line a fault.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CohortFaults(pub Vec<String>);

impl Roster {
    /// Finds the exams and divides them.
    ///
    /// # Errors
    /// All faults of the cohort at once: labels without exams, unknown classes, parts that would be empty; of a cohort without faults
    /// those of readers and subgroups.
    pub fn of(experiment: &Experiment) -> Result<Self, CohortFaults> {
        let seed = Seed::root(experiment.seed);
        let candidates = match &experiment.cohort.source {
            Source::Phantom(phantom) => cohort::phantom(phantom, seed),
            Source::Dicom { root, labels, .. } => cohort::dicom(root, labels, &experiment.cohort.classes)?,
        };
        let mut exams = divide(candidates, experiment, seed)?;
        exams.sort_by(|a, b| a.id.cmp(&b.id));
        let mut faults = vec![];
        let subgroups = subgroups::all(experiment, &exams, &mut faults);
        let readers = readers::all(experiment, &exams, &mut faults);
        explained(experiment, &exams, &mut faults);
        if faults.is_empty() { Ok(Self { exams, subgroups, readers }) } else { Err(CohortFaults(faults)) }
    }

    /// The same exams with the classes of the development patients dealt out anew: a permutation, so that only the tie between
    /// image and label is cut. A patient has one class here, the first by name. The test exams stay as they are.
    #[must_use]
    pub fn permuted(&self, seed: Seed) -> Self {
        let developing = |exam: &&Exam| exam.part != Part::Test;
        let patients =
            classes_of(self.exams.iter().filter(developing).map(|exam| (exam.patient.as_str(), exam.class.as_str())));
        let mut classes: Vec<&str> = patients.values().copied().collect();
        classes.shuffle(&mut seed.child("canary").rng());
        let dealt: BTreeMap<&str, &str> = patients.into_keys().zip(classes).collect();
        let class = |exam: &Exam| match exam.part {
            Part::Test => exam.class.clone(),
            Part::Train | Part::Tune => dealt[exam.patient.as_str()].to_owned(),
        };
        Self { exams: self.exams.iter().map(|exam| Exam { class: class(exam), ..exam.clone() }).collect(), ..self.clone() }
    }

    /// The exams of one part, by id.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Exam> {
        self.exams.iter().filter(move |exam| exam.part == part)
    }
}

/// Exams that are to be explained must be test exams.
fn explained(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) {
    let asked: BTreeSet<&String> =
        experiment.explain.iter().flat_map(|explain| &explain.models).flat_map(|model| &model.cases.exams).collect();
    let is_test = |name: &String| exams.iter().any(|exam| exam.part == Part::Test && exam.id == *name);
    let unknown = asked.into_iter().filter(|name| !is_test(name));
    faults.extend(unknown.map(|name| format!("exam `{name}` is to be explained, but it is no test exam")));
}

fn divide(candidates: Vec<Candidate>, experiment: &Experiment, seed: Seed) -> Result<Vec<Exam>, CohortFaults> {
    let open: Vec<&Candidate> = candidates.iter().filter(|exam| exam.part.is_none()).collect();
    let mut faults = vec![];
    let drawn = draw(&open, experiment, seed, &mut faults);
    let exams: Vec<Exam> = candidates
        .into_iter()
        .filter_map(|exam| {
            let part = exam.part.or_else(|| drawn.get(exam.patient.as_str()).copied())?;
            Some(Exam { id: exam.id, patient: exam.patient, class: exam.class, part, facts: exam.facts, source: exam.source })
        })
        .collect();
    leaks(&exams, &mut faults);
    gaps(&exams, experiment, &mut faults);
    if faults.is_empty() { Ok(exams) } else { Err(CohortFaults(faults)) }
}

/// Draws a part for every patient whose part the label table leaves open, class by class. The order of the draw is a hash of
/// the seed and the patient's name, so that one more patient moves as few others as possible.
fn draw(open: &[&Candidate], experiment: &Experiment, seed: Seed, faults: &mut Vec<String>) -> BTreeMap<String, Part> {
    let mut parts = BTreeMap::new();
    if open.is_empty() {
        return parts;
    }
    let patients = patients_by_class(open, seed);
    let test = test_counts(&experiment.split, &experiment.cohort.positive, &patients, faults);
    for (class, patients) in &patients {
        let for_test = test.get(class).copied().unwrap_or(0);
        if for_test > patients.len() {
            faults.push(format!(
                "class `{class}` has {} patients to divide and {for_test} are wanted for the test",
                patients.len()
            ));
            continue;
        }
        let (test, development) = patients.split_at(for_test);
        let for_tuning = (experiment.split.tune * development.len() as f64).round() as usize;
        let (tune, train) = development.split_at(for_tuning);
        for (part, members) in [(Part::Test, test), (Part::Tune, tune), (Part::Train, train)] {
            parts.extend(members.iter().map(|patient| (patient.clone(), part)));
        }
    }
    parts
}

/// Patients in the order of the draw; a patient with exams of several classes counts for the first of them by name.
fn patients_by_class(open: &[&Candidate], seed: Seed) -> BTreeMap<String, Vec<String>> {
    let class_of = classes_of(open.iter().map(|exam| (exam.patient.as_str(), exam.class.as_str())));
    let mut patients: BTreeMap<String, Vec<String>> = BTreeMap::new();
    class_of.iter().for_each(|(patient, class)| patients.entry((*class).to_owned()).or_default().push((*patient).to_owned()));
    let stream = seed.child("split");
    patients.values_mut().for_each(|patients| patients.sort_by_cached_key(|patient| stream.child(patient).to_i64()));
    patients
}

/// The class of each patient: of several the first by name.
fn classes_of<'a>(exams: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, &'a str> {
    let mut classes: BTreeMap<&str, &str> = BTreeMap::new();
    for (patient, class) in exams {
        let first = classes.entry(patient).or_insert(class);
        *first = (*first).min(class);
    }
    classes
}

/// Test patients of each class. The key `positive` is shared among the positive classes in proportion to their patients, by
/// largest remainder.
fn test_counts(
    split: &Split,
    positive: &[String],
    patients: &BTreeMap<String, Vec<String>>,
    faults: &mut Vec<String>,
) -> BTreeMap<String, usize> {
    let mut counts = split.test.clone();
    let Some(shared) = counts.remove("positive").filter(|_| !patients.contains_key("positive")) else {
        return split.test.clone();
    };
    let size = |class: &String| patients.get(class).map_or(0, Vec::len);
    let open: Vec<&String> = positive.iter().filter(|class| !counts.contains_key(*class)).collect();
    let all: usize = open.iter().map(|class| size(class)).sum();
    if shared > all {
        faults.push(format!("{all} positive patients are there to divide and {shared} are wanted for the test"));
        return counts;
    }
    let mut shares: Vec<(&String, usize, usize)> =
        open.iter().map(|class| (*class, shared * size(class) / all.max(1), shared * size(class) % all.max(1))).collect();
    shares.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(b.0)));
    let missing = shared - shares.iter().map(|share| share.1).sum::<usize>();
    shares.iter_mut().take(missing).for_each(|share| share.1 += 1);
    counts.extend(shares.into_iter().map(|(class, share, _)| (class.clone(), share)));
    counts
}

fn leaks(exams: &[Exam], faults: &mut Vec<String>) {
    let mut parts: BTreeMap<&str, BTreeSet<Part>> = BTreeMap::new();
    exams.iter().for_each(|exam| {
        parts.entry(&exam.patient).or_default().insert(exam.part);
    });
    let leaking = parts.into_iter().filter(|(_, parts)| parts.len() > 1);
    faults.extend(leaking.map(|(patient, parts)| {
        let names: Vec<_> = parts.into_iter().map(Part::name).collect();
        format!("patient `{patient}` is in {}; all exams of a patient belong to one part", names.join(" and "))
    }));
}

fn gaps(exams: &[Exam], experiment: &Experiment, faults: &mut Vec<String>) {
    if exams.is_empty() && faults.is_empty() {
        faults.push("the cohort is empty: there is no exam to train, tune or test on".to_owned());
        return;
    }
    for part in Part::ALL {
        let missing = experiment.cohort.classes.iter();
        let missing = missing.filter(|class| !exams.iter().any(|exam| exam.part == part && &exam.class == *class));
        faults.extend(missing.map(|class| format!("part `{}` has no exam of class `{class}`", part.name())));
    }
}
