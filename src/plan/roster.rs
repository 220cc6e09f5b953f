//! Which exams there are, and which of them train, tune and test. A patient is in one part only, whatever the number of their
//! exams.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;

use super::pseudonym::{self, Called, Key, Person};
use super::split::{self, Places, classes_of};
use super::{cohort, readers, subgroups};
use crate::artifact::Files;
use crate::labels::{self, Part, Slices};
use crate::phantom;
use crate::seed::Seed;
use crate::spec::{Experiment, External, Source, Test};
use crate::stage::{Format, cases, compare};

/// The exams of an experiment, and what is known of the test exams beside their images.
#[derive(Debug, Clone)]
pub struct Roster {
    /// Sorted by id.
    pub exams: Vec<Exam>,
    /// Folds that every exam is tested in once; 0 where the parts are the same for all models.
    pub folds: usize,
    /// The cohorts that only test, by name.
    pub external: Vec<(String, Roster)>,
    /// Groups of test exams to look at on their own.
    pub subgroups: Vec<compare::Subgroup>,
    /// Scores of the test exams that come from elsewhere.
    pub readers: Vec<compare::Reader>,
    /// Places of lesions that the author marked.
    pub marks: Vec<cases::Marked>,
}

/// One exam.
#[derive(Debug, Clone)]
pub struct Exam {
    /// Its name in all that is kept: a pseudonym, of a phantom its number.
    pub id: String,
    /// Whose it is, a pseudonym as well.
    pub patient: String,
    /// Who that is; for messages to those who have the files.
    pub person: Person,
    /// The reference standard.
    pub class: String,
    /// What it is for; where there are folds, every exam is tested.
    pub part: Part,
    /// Its fold, from 1; 0 where there are none.
    pub fold: usize,
    /// Which of its slices are used.
    pub slices: Slices,
    /// What else is known of it, by name.
    pub facts: BTreeMap<String, String>,
    /// How many of its images may show text, and with it a name.
    pub texts: usize,
    /// Where its images come from.
    pub source: ExamSource,
}

impl Exam {
    /// Whether the author means it: by its name, or by the pseudonym that a message told.
    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.person.exam() == name
    }
}

/// Where an exam's images come from.
#[derive(Debug, Clone)]
pub enum ExamSource {
    /// Rendered from its parameters.
    Phantom(Box<phantom::Exam>),
    /// The user's files.
    Files(Format, Files),
}

impl ExamSource {
    /// What its files are.
    pub fn format(&self) -> Format {
        match self {
            Self::Phantom(_) => Format::Dicom,
            Self::Files(format, _) => *format,
        }
    }
}

/// An exam before it has a part; `part` is what the label table says, if it does.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// As the label table calls it.
    pub(super) id: String,
    pub(super) patient: String,
    /// What names it for good: its UID or its folder; `None` where it is made up.
    pub(super) lasting: Option<String>,
    pub(super) class: String,
    pub(super) part: Option<Part>,
    pub(super) fold: Option<usize>,
    pub(super) slices: Slices,
    pub(super) facts: BTreeMap<String, String>,
    pub(super) texts: usize,
    pub(super) source: ExamSource,
}

/// Everything that is wrong with a cohort, a line a fault.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CohortFaults(pub Vec<String>);

impl Roster {
    /// Finds the exams, divides them, and gives them the pseudonyms that `key` makes.
    ///
    /// # Errors
    /// All faults of the cohort at once: labels without exams, unknown classes, parts that would be empty; of a cohort without faults
    /// those of readers and subgroups.
    pub fn of(experiment: &Experiment, key: &Key) -> Result<Self, CohortFaults> {
        let seed = Seed::root(experiment.seed);
        let candidates = match &experiment.cohort.source {
            Source::Phantom(phantom) => cohort::phantom(phantom, seed),
            Source::Folder(folder) => cohort::folder(folder, &experiment.cohort.classes)?,
        };
        let exams = divide(candidates, experiment, seed)?;
        let mut faults = vec![];
        let external = external(experiment, &exams, key, &mut faults);
        let exams = hidden(exams, key);
        let subgroups = subgroups::all(experiment, &exams, &mut faults);
        let readers = readers::all(experiment, &exams, &mut faults);
        explained(experiment, &exams, &mut faults);
        let marks = readers::marks(experiment, &exams, &mut faults);
        let folds = folds(experiment, &external, &mut faults);
        if faults.is_empty() {
            Ok(Self { exams, folds, external, subgroups, readers, marks })
        } else {
            Err(CohortFaults(faults))
        }
    }

    /// A pick of cases under the names that exams have from here on, with what the author marked.
    pub(super) fn cases(&self, pick: &cases::Params) -> cases::Params {
        cases::Params { exams: self.named(&pick.exams), marks: self.marks.clone(), ..pick.clone() }
    }

    /// What the exams are called that the author named, in their order; names that are of no exam stand for nothing.
    pub(super) fn named<'n>(&self, names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
        let exams: Vec<&Exam> = self.all().collect();
        let of = |name: &String| exams.iter().find(|exam| exam.is_called(name)).map(|exam| exam.id.clone());
        names.into_iter().filter_map(of).collect()
    }

    /// The same exams with the parts that they have while `fold` is tested: the next fold tunes, all others train.
    #[must_use]
    pub fn in_fold(&self, fold: usize) -> Self {
        let part = |exam: &Exam| match exam.fold {
            own if own == fold => Part::Test,
            own if own == fold % self.folds + 1 => Part::Tune,
            _ => Part::Train,
        };
        Self {
            exams: self.exams.iter().map(|exam| Exam { part: part(exam), ..exam.clone() }).collect(),
            folds: 0,
            ..self.clone()
        }
    }

    /// The same exams with the classes of the development patients dealt out anew: a permutation, so that only the tie between
    /// image and label is cut. A patient has one class here, the first by name. The test exams stay as they are. Whoever has another
    /// key gets the same permutation.
    #[must_use]
    pub fn permuted(&self, seed: Seed) -> Self {
        let developing = |exam: &&Exam| exam.part != Part::Test;
        let patients =
            classes_of(self.exams.iter().filter(developing).map(|exam| (exam.person.patient(), exam.class.as_str())));
        let mut classes: Vec<&str> = patients.values().copied().collect();
        classes.shuffle(&mut seed.child("canary").rng());
        let dealt: BTreeMap<&str, &str> = patients.into_keys().zip(classes).collect();
        let class = |exam: &Exam| match exam.part {
            Part::Test => exam.class.clone(),
            Part::Train | Part::Tune => dealt[exam.person.patient()].to_owned(),
        };
        Self { exams: self.exams.iter().map(|exam| Exam { class: class(exam), ..exam.clone() }).collect(), ..self.clone() }
    }

    /// Facts that tell the class of every exam though they are shared by several: what made them (a site, a scanner, a file's name)
    /// may be learned in place of the finding.
    pub fn telling_columns(&self) -> Vec<String> {
        let columns: BTreeSet<&String> = self.exams.iter().flat_map(|exam| exam.facts.keys()).collect();
        let known = |column: &String| !labels::COLUMNS.contains(&column.as_str());
        columns.into_iter().filter(|column| known(column) && self.tells(column)).cloned().collect()
    }

    /// Exams with images that may show text, and how many images that are.
    pub fn texts(&self) -> (usize, usize) {
        let texts = || self.all().map(|exam| exam.texts).filter(|texts| *texts > 0);
        (texts().count(), texts().sum())
    }

    fn tells(&self, column: &String) -> bool {
        let mut classes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for exam in &self.exams {
            let value = exam.facts.get(column).map_or("", String::as_str);
            classes.entry(value).or_default().insert(&exam.class);
        }
        // A value an exam tells exams apart, not classes.
        classes.len() > 1 && classes.len() * 2 <= self.exams.len() && classes.values().all(|classes| classes.len() == 1)
    }

    /// All exams, those of external cohorts last.
    pub fn all(&self) -> impl Iterator<Item = &Exam> {
        self.exams.iter().chain(self.external.iter().flat_map(|(_, external)| &external.exams))
    }

    /// The exams of one part, by id; of folds every exam is of every part, each in its turn.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Exam> {
        self.exams.iter().filter(move |exam| exam.part == part || self.folds > 0)
    }
}

/// How many folds there are; 0 without them. What asks for one model of all exams cannot stand beside them.
fn folds(experiment: &Experiment, external: &[(String, Roster)], faults: &mut Vec<String>) -> usize {
    let Test::Folds(count) = experiment.split.test else { return 0 };
    let one = [(!external.is_empty(), "an external cohort"), (experiment.explain.is_some(), "`[explain]`")];
    let asked = one.into_iter().filter(|(asked, _)| *asked);
    faults
        .extend(asked.map(|(_, what)| format!("`folds` beside {what}: there is a model a fold and no one model; give `test`")));
    count
}

/// Exams that are to be explained must be test exams.
fn explained(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) {
    let asked: BTreeSet<&String> =
        experiment.explain.iter().flat_map(|explain| &explain.models).flat_map(|model| &model.cases.exams).collect();
    let is_test = |name: &String| exams.iter().any(|exam| exam.part == Part::Test && exam.is_called(name));
    let unknown = asked.into_iter().filter(|name| !is_test(name));
    faults.extend(unknown.map(|name| format!("exam `{name}` is to be explained, but it is no test exam")));
}

fn divide(candidates: Vec<Candidate>, experiment: &Experiment, seed: Seed) -> Result<Vec<Exam>, CohortFaults> {
    let mut faults = vec![];
    ambiguous(&candidates, &mut faults);
    let places = split::draw(&candidates, experiment, seed, &mut faults);
    let mut exams: Vec<Exam> = candidates.into_iter().filter_map(|exam| placed(exam, &places)).collect();
    exams.sort_by(|a, b| a.id.cmp(&b.id));
    if places.folds.is_empty() || exams.is_empty() {
        gaps(&exams, experiment, &mut faults);
    }
    if faults.is_empty() { Ok(exams) } else { Err(CohortFaults(faults)) }
}

/// `None` where the draw failed.
fn placed(exam: Candidate, places: &Places) -> Option<Exam> {
    let fold = places.folds.get(&exam.patient).copied();
    let part = places.parts.get(&exam.patient).copied().or(fold.map(|_| Part::Test))?;
    Some(with_place(exam, part, fold.unwrap_or(0)))
}

fn with_place(exam: Candidate, part: Part, fold: usize) -> Exam {
    let Candidate { id, patient, lasting, class, slices, facts, texts, source, .. } = exam;
    let person = match lasting {
        Some(lasting) => Person::new(id.clone(), patient.clone(), lasting),
        None => Person::nobody(id.clone()),
    };
    Exam { id, patient, person, class, part, fold, slices, facts, texts, source }
}

/// The exams under their pseudonyms, sorted by them, with files under numbers: nothing of the author's names goes on from here.
fn hidden(exams: Vec<Exam>, key: &Key) -> Vec<Exam> {
    let called = pseudonym::called(key, exams.iter().map(|exam| &exam.person));
    let hide = |(exam, Called { exam: id, patient }): (Exam, Called)| {
        let source = match exam.source {
            ExamSource::Files(format, files) => ExamSource::Files(format, pseudonym::numbered(format, &files)),
            phantom @ ExamSource::Phantom(_) => phantom,
        };
        Exam { id, patient, source, ..exam }
    };
    let mut hidden: Vec<Exam> = exams.into_iter().zip(called).map(hide).collect();
    hidden.sort_by(|a, b| a.id.cmp(&b.id));
    hidden
}

/// The exams of every cohort that only tests; who is a patient of two cohorts is a fault.
fn external(experiment: &Experiment, exams: &[Exam], key: &Key, faults: &mut Vec<String>) -> Vec<(String, Roster)> {
    let mut known: BTreeMap<String, String> =
        exams.iter().map(|exam| (exam.patient.clone(), exam.part.name().to_owned())).collect();
    let mut cohorts = vec![];
    for External { name, folder } in &experiment.cohort.external {
        let mut found = match cohort::folder(folder, &experiment.cohort.classes) {
            Ok(candidates) => candidates,
            Err(CohortFaults(found)) => {
                faults.extend(found);
                continue;
            }
        };
        found.sort_by(|a, b| a.id.cmp(&b.id));
        let patients: BTreeSet<&String> = found.iter().map(|exam| &exam.patient).collect();
        faults.extend(patients.iter().filter_map(|patient| {
            let other = known.get(*patient)?;
            Some(format!(
                "patient `{patient}` of the external cohort `{name}` is in {other} as well; if they are two people, tell them apart in \
                 column `patient`"
            ))
        }));
        known.extend(patients.into_iter().map(|patient| (patient.clone(), format!("`{name}`"))));
        let exams: Vec<Exam> = found.into_iter().map(|exam| with_place(exam, Part::Test, 0)).collect();
        unscorable(name, &exams, experiment, faults);
        let exams = hidden(exams, key);
        cohorts.push((
            name.clone(),
            Roster { exams, folds: 0, external: vec![], subgroups: vec![], readers: vec![], marks: vec![] },
        ));
    }
    cohorts
}

/// A ROC curve needs exams on both sides.
fn unscorable(name: &str, exams: &[Exam], experiment: &Experiment, faults: &mut Vec<String>) {
    let positive = exams.iter().filter(|exam| experiment.cohort.positive.contains(&exam.class)).count();
    if positive == 0 || positive == exams.len() {
        let (positive, negative) = (positive, exams.len() - positive);
        faults.push(format!(
            "external cohort `{name}` has {positive} positive and {negative} negative exams; a ROC curve needs both"
        ));
    }
}

/// Patients whose exams the label table puts into several parts or folds.
fn ambiguous(candidates: &[Candidate], faults: &mut Vec<String>) {
    let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for exam in candidates {
        let told = exam.part.map(|part| part.name().to_owned()).into_iter().chain(exam.fold.map(|fold| format!("fold {fold}")));
        places.entry(&exam.patient).or_default().extend(told);
    }
    faults.extend(places.into_iter().filter(|(_, places)| places.len() > 1).map(|(patient, places)| {
        let names: Vec<_> = places.into_iter().collect();
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
        let advice = match experiment.split.test {
            Test::Share(_) => {
                "; a share is kept as chance has it: ask for numbers by class, as `test = { … }`, or for another `seed`"
            }
            _ => "; the numbers of `[split]` and the column `part` of the label table decide",
        };
        faults.extend(missing.map(|class| format!("part `{}` has no exam of class `{class}`{advice}", part.name())));
    }
}
