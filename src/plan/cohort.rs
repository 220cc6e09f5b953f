//! Where the exams of a roster come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::roster::{Candidate, CohortFaults, ExamSource, Part};
use crate::dicom::{self, ExamFiles};
use crate::phantom;
use crate::seed::Seed;

/// Exams that will be rendered.
pub(super) fn phantom(cohort: &phantom::Cohort, seed: Seed) -> Vec<Candidate> {
    let exams = cohort.exams(seed.child("phantom")).into_iter();
    exams
        .map(|exam| Candidate {
            id: exam.id.clone(),
            patient: exam.id.clone(),
            class: exam.class.name().to_owned(),
            part: None,
            facts: exam.facts(),
            source: ExamSource::Phantom(Box::new(exam)),
        })
        .collect()
}

/// A row of the label table; further columns are facts that the author may divide the exams by.
#[derive(Debug, Deserialize)]
struct Label {
    exam: String,
    class: String,
    patient: Option<String>,
    part: Option<String>,
}

/// Exams below `root` as the table at `labels` names them. `exam` may be the study's folder, its UID, its accession number or
/// the patient's id, as long as it fits one study only.
pub(super) fn dicom(root: &Path, labels: &Path, classes: &[String]) -> Result<Vec<Candidate>, CohortFaults> {
    let whole = |fault: String| CohortFaults(vec![fault]);
    let rows = read(labels).map_err(|error| whole(format!("{}: {error}", labels.display())))?;
    let studies = dicom::scan(root).map_err(|error| whole(format!("{}: {error:#}", root.display())))?;
    let mut faults = vec![];
    let (mut candidates, mut seen) = (vec![], BTreeSet::new());
    for (row, (label, facts)) in rows.into_iter().enumerate() {
        let place = format!("{}:{}", labels.display(), row + 2);
        if !classes.contains(&label.class) {
            faults.push(format!("{place}: unknown class `{}`; the spec has: {}", label.class, classes.join(", ")));
        }
        if !seen.insert(label.exam.clone()) {
            faults.push(format!("{place}: exam `{}` is labelled twice", label.exam));
        }
        match candidate(&label, facts, &studies) {
            Ok(candidate) => candidates.push(candidate),
            Err(fault) => faults.push(format!("{place}: {fault}")),
        }
    }
    if faults.is_empty() { Ok(candidates) } else { Err(CohortFaults(faults)) }
}

type Facts = BTreeMap<String, String>;

fn read(labels: &Path) -> Result<Vec<(Label, Facts)>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(labels)?;
    let header = reader.headers()?.clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record?;
        let facts = header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
        Ok((record.deserialize(Some(&header))?, facts))
    };
    reader.records().map(row).collect()
}

fn candidate(label: &Label, facts: Facts, studies: &[ExamFiles]) -> Result<Candidate, String> {
    let part = match label.part.as_deref().filter(|part| !part.is_empty()) {
        None => None,
        Some(name) => Some(Part::named(name).ok_or_else(|| format!("unknown part `{name}`; expected train, tune or test"))?),
    };
    let study = study(&label.exam, studies)?;
    let patient = label.patient.clone().filter(|patient| !patient.is_empty());
    let named = (!study.patient.is_empty()).then(|| study.patient.clone());
    let patient = patient.or(named).unwrap_or_else(|| label.exam.clone());
    let source = ExamSource::Dicom(study.files());
    Ok(Candidate { id: label.exam.clone(), patient, class: label.class.clone(), part, facts, source })
}

fn study<'a>(exam: &str, studies: &'a [ExamFiles]) -> Result<&'a ExamFiles, String> {
    let fitting: Vec<&ExamFiles> = studies.iter().filter(|study| study.is_called(exam)).collect();
    match fitting.as_slice() {
        [study] => Ok(study),
        [] => Err(format!("no study for exam `{exam}`; {} studies were found", studies.len())),
        several => Err(format!("{} studies fit exam `{exam}`; name the StudyInstanceUID", several.len())),
    }
}
