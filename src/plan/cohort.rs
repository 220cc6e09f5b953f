//! Where the exams of a roster come from: rendered here, or found below a folder and matched with the label table, one to one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::roster::{Candidate, CohortFaults, ExamSource};
use crate::dicom::{ExamFiles, SeriesFiles};
use crate::labels::{self, Label, Slices};
use crate::phantom;
use crate::seed::Seed;
use crate::spec::{Folder, PatientIds, Unlabelled};

/// Exams that will be rendered.
pub(super) fn phantom(cohort: &phantom::Cohort, seed: Seed) -> Vec<Candidate> {
    let exams = cohort.exams(seed.child("phantom")).into_iter();
    exams
        .map(|exam| Candidate {
            id: exam.id.clone(),
            patient: exam.id.clone(),
            lasting: None,
            class: exam.class.name().to_owned(),
            part: None,
            fold: None,
            slices: Slices::All,
            facts: exam.facts(),
            texts: 0,
            source: ExamSource::Phantom(Box::new(exam)),
        })
        .collect()
}

/// Exams below the folder as its table names them, each label with exactly one exam and each exam with exactly one label.
///
/// # Errors
/// Every mismatch at once.
pub(super) fn folder(folder: &Folder, classes: &[String]) -> Result<Vec<Candidate>, CohortFaults> {
    let mut faults = vec![];
    let labels = labels::of_file(&folder.labels, classes, &mut faults);
    let studies = match folder.format.scan(&folder.root) {
        Ok(studies) => studies,
        Err(error) => {
            faults.push(format!("{}: {error:#}", folder.root.display()));
            return Err(CohortFaults(faults));
        }
    };
    // Of a table that could not be read, only that is told.
    let is_read = !labels.is_empty() || faults.is_empty();
    let matched = Matched::of(labels, &studies, &mut faults);
    if is_read && folder.unlabelled == Unlabelled::Refuse {
        faults.extend(matched.unlabelled(&studies, &folder.root));
    }
    if folder.patient_ids == PatientIds::Files {
        faults.extend(matched.contradictions(&studies));
    }
    if faults.is_empty() { Ok(matched.candidates(&studies, folder)) } else { Err(CohortFaults(faults)) }
}

/// Labels with the position of the study that each means.
struct Matched(Vec<(Label, usize)>);

impl Matched {
    fn of(labels: Vec<Label>, studies: &[ExamFiles], faults: &mut Vec<String>) -> Self {
        let (mut matched, mut named, mut taken) = (vec![], BTreeMap::new(), BTreeMap::new());
        for label in labels {
            let place = label.place();
            if let Some(first) = named.insert(label.id().to_owned(), place.clone()) {
                faults.push(format!("{place}: exam `{}` is labelled twice, first at {first}", label.id()));
                continue;
            }
            match study(&label, studies) {
                Ok(study) => match taken.insert(study, place.clone()) {
                    Some(first) => {
                        let uid = &studies[study].study;
                        faults.push(format!("{place}: `{}` is study {uid}, which is labelled at {first} already", label.id()));
                    }
                    None => matched.push((label, study)),
                },
                Err(fault) => faults.push(format!("{place}: {fault}")),
            }
        }
        Self(matched)
    }

    /// Exams that nobody labelled, as one fault: there may be thousands.
    fn unlabelled(&self, studies: &[ExamFiles], root: &Path) -> Option<String> {
        const SHOWN: usize = 8;
        let known: BTreeSet<usize> = self.0.iter().map(|(_, study)| *study).collect();
        let mut missing: Vec<String> =
            (0..studies.len()).filter(|at| !known.contains(at)).map(|at| format!("`{}`", name(&studies[at]))).collect();
        missing.sort();
        let shown = missing.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = missing.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        (!missing.is_empty()).then(|| {
            format!(
                "{}: {} without a label: {shown}{more}; label them, or leave them out with `unlabelled = \"skip\"`",
                root.display(),
                counted(missing.len(), "exam")
            )
        })
    }

    /// Patients that the table calls differently and the files the same: then one person could both train and test.
    fn contradictions(&self, studies: &[ExamFiles]) -> Vec<String> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (label, study) in &self.0 {
            let (Some(patient), id) = (label.patient(), &studies[*study].patient) else { continue };
            if !id.is_empty() {
                names.entry(id).or_default().insert(patient);
            }
        }
        let contradicted = names.into_iter().filter(|(_, names)| names.len() > 1);
        contradicted
            .map(|(id, names)| {
                let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "Patient ID `{id}` of the files is {} in the table: give one person one name in column `patient`; where the files' \
                     ids mean nothing, say `patient_ids = \"table\"`",
                    names.join(" and ")
                )
            })
            .collect()
    }

    fn candidates(self, studies: &[ExamFiles], folder: &Folder) -> Vec<Candidate> {
        self.0.into_iter().map(|(label, study)| candidate(&label, &studies[study], folder)).collect()
    }
}

/// `1 exam`, `2 exams`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What a study without a label is called: its folder where it has one of its own.
fn name(study: &ExamFiles) -> &str {
    if study.folder.is_empty() { &study.study } else { &study.folder }
}

fn candidate(label: &Label, study: &ExamFiles, folder: &Folder) -> Candidate {
    let id = label.id().to_owned();
    let named = (!study.patient.is_empty()).then(|| study.patient.clone());
    let meant = |series: &&SeriesFiles| label.series().is_none_or(|name| is_called(series, name));
    let series: Vec<&SeriesFiles> = study.series.iter().filter(meant).collect();
    let files = series.iter().flat_map(|series| series.files.iter().cloned()).collect();
    Candidate {
        patient: label.patient().map(str::to_owned).or(named).unwrap_or_else(|| id.clone()),
        id,
        lasting: Some(study.study.clone()),
        class: label.class().to_owned(),
        part: label.part(),
        fold: label.fold(),
        slices: label.slices().unwrap_or_else(|| folder.slices.clone()),
        texts: series.iter().map(|series| series.texts).sum(),
        facts: label.facts(),
        source: ExamSource::Files(folder.format, files),
    }
}

/// The one study that a row means.
fn study(label: &Label, studies: &[ExamFiles]) -> Result<usize, String> {
    let id = label.id();
    let called: Vec<usize> = (0..studies.len()).filter(|at| is_meant(label, &studies[*at])).collect();
    let with_series = |at: &usize| match label.series() {
        Some(name) => studies[*at].series.iter().any(|series| is_called(series, name)),
        None => true,
    };
    let fitting: Vec<usize> = called.iter().copied().filter(with_series).collect();
    match (fitting.as_slice(), called.as_slice()) {
        ([study], _) => Ok(*study),
        ([], []) => {
            Err(format!("no study for exam `{id}`; {} found", counted(studies.len(), "study").replace("studys", "studies")))
        }
        ([], [study, ..]) => Err(format!(
            "exam `{id}` has no series `{}`; it has: {}",
            label.series().unwrap_or_default(),
            studies[*study].series.iter().map(told).collect::<Vec<_>>().join(", ")
        )),
        (several, _) => Err(format!(
            "{} studies fit exam `{id}`: {}; tell them apart by a column `study` or `accession`",
            several.len(),
            several
                .iter()
                .map(|at| format!("{} in {}", studies[*at].study, name(&studies[*at])))
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
}

fn is_meant(label: &Label, study: &ExamFiles) -> bool {
    let fits = |wanted: Option<&str>, own: &str| wanted.is_none_or(|wanted| wanted == own);
    let by_name = label.exam().is_none_or(|name| study.is_called(name));
    let by_key = fits(label.study(), &study.study) && fits(label.accession(), &study.accession);
    // The table may call a patient otherwise than the files do, so the name tells an exam only where nothing else does.
    by_name && by_key && (!label.names_patient_only() || fits(label.patient(), &study.patient))
}

fn is_called(series: &SeriesFiles, name: &str) -> bool {
    series.uid == name || series.description == name
}

fn told(series: &SeriesFiles) -> String {
    format!("{} ({}, {})", series.uid, series.description, counted(series.files.len(), "file"))
}
