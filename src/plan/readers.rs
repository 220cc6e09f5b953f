//! What the author's tables say of the exams beside their labels: scores of the test exams (a radiologist's, another product's) and the
//! places of lesions. Tables call exams as the labels do, so they are read here, where names are still known; a table that a stage
//! will make calls them as the stage was told to, and is read when it is there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Exam, Part};
use crate::spec::{Experiment, Reader, ScoreSource};
use crate::stage::cases::Marked;
use crate::stage::compare::{self, Columns, Scored};

/// Every reader of the spec, its scores in the order of the test exams; every fault of every table.
pub(super) fn all(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) -> Vec<compare::Reader> {
    let one = |reader: &Reader| match read(reader, &experiment.cohort.classes, exams) {
        Ok(reader) => Some(reader),
        Err(found) => {
            faults.extend(found);
            None
        }
    };
    experiment.readers.iter().filter_map(one).collect()
}

fn read(reader: &Reader, classes: &[String], exams: &[Exam]) -> Result<compare::Reader, Vec<String>> {
    let columns = Columns { score: reader.column.clone(), class: reader.class.clone() };
    let whole = compare::Reader {
        name: reader.name.clone(),
        scores: vec![],
        named: None,
        threshold: reader.threshold,
        against: reader.against.clone(),
        table: None,
    };
    match &reader.source {
        ScoreSource::Stage { .. } => Ok(compare::Reader { table: Some(columns), ..whole }),
        ScoreSource::File(path) => {
            let known: BTreeSet<&str> = exams.iter().map(|exam| exam.person.exam()).collect();
            let test: Vec<&str> = exams.iter().filter(|exam| exam.part == Part::Test).map(|exam| exam.person.exam()).collect();
            Ok(whole.with(Scored::read(path, &columns, classes, &test, Some(&known))?))
        }
    }
}

/// The places that the author marked, under the exams' pseudonyms; of exams that are not in the cohort there are none.
pub(super) fn marks(experiment: &Experiment, exams: &[Exam], faults: &mut Vec<String>) -> Vec<Marked> {
    let Some(path) = experiment.explain.as_ref().and_then(|explain| explain.marks.as_deref()) else { return vec![] };
    let known: BTreeMap<&str, &str> = exams.iter().map(|exam| (exam.person.exam(), exam.id.as_str())).collect();
    let marks = Marked::read(path).unwrap_or_else(|error| {
        faults.push(format!("{error:#}"));
        vec![]
    });
    let hidden = |mark: Marked| Some(Marked { exam: (*known.get(mark.exam.as_str())?).to_owned(), ..mark });
    marks.into_iter().filter_map(hidden).collect()
}
