//! Scores of the test exams that come from a table: a radiologist's, another product's. A table that a stage will make is read when
//! it is there.

use std::collections::BTreeSet;

use super::{Exam, Part};
use crate::spec::{Experiment, Reader, ScoreSource};
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
            let known: BTreeSet<&str> = exams.iter().map(|exam| exam.id.as_str()).collect();
            let test: Vec<&str> = exams.iter().filter(|exam| exam.part == Part::Test).map(|exam| exam.id.as_str()).collect();
            Ok(whole.with(Scored::read(path, &columns, classes, &test, Some(&known))?))
        }
    }
}
