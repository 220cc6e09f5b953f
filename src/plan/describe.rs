//! What the report says of an experiment that no result tells: who was examined, and how each model came about.

use std::collections::BTreeMap;

use super::{Exam, Part, Roster};
use crate::report::stage::{CohortSummary, ImageMethods, Look, ModelMethods, Params, Partition};
use crate::spec::{Experiment, Explained, Model, Source, Start, Test};
use crate::stage::cases;

pub(super) fn report(experiment: &Experiment, roster: &Roster) -> Params {
    Params {
        title: experiment.title.clone(),
        name: experiment.name.clone(),
        notes: notes(experiment, roster),
        seed: experiment.seed,
        cohort: cohort(experiment, roster),
        methods: experiment.models.iter().map(|model| (model.name.clone(), methods(model))).collect(),
        looks: experiment.explain.iter().flat_map(|explain| &explain.models).map(|explained| look(explained, roster)).collect(),
        changes: experiment.robustness.iter().flat_map(|robustness| &robustness.changes).copied().collect(),
        excluded: experiment.manuscript.excluded.clone(),
        claim: experiment.manuscript.claim.clone(),
        paper: experiment.manuscript.paper,
    }
}

/// What the author wants said, and what may name somebody in the images.
fn notes(experiment: &Experiment, roster: &Roster) -> Vec<String> {
    let texts = match roster.texts() {
        (0, _) => None,
        (exams, images) => Some(format!(
            "{images} images of {exams} exams may show text in their pixels (Burned In Annotation, or a secondary capture): nobody has looked \
             whether it names a patient."
        )),
    };
    experiment.notes.iter().cloned().chain(texts).collect()
}

/// Where lesions are marked is in the cases; the report needs how they were picked.
fn look(explained: &Explained, roster: &Roster) -> (String, Look) {
    let cases = cases::Params { exams: roster.named(&explained.cases.exams), ..explained.cases.clone() };
    (explained.model.clone(), Look { cases, explain: explained.explain.clone() })
}

fn cohort(experiment: &Experiment, roster: &Roster) -> CohortSummary {
    let source = match &experiment.cohort.source {
        Source::Phantom(phantom) => format!(
            "Exams are synthetic head CT, rendered by a software phantom on a matrix of {0} x {0} pixels and written as DICOM.",
            phantom.matrix
        ),
        Source::Folder(folder) => format!("Exams were read from {} files.", folder.format.title()),
    };
    CohortSummary { source, partitions: partitions(experiment, roster), division: division(experiment) }
}

/// The parts or the folds, then the cohorts from elsewhere.
fn partitions(experiment: &Experiment, roster: &Roster) -> Vec<Partition> {
    let part = |part: &Part| partition(experiment, part.title().to_owned(), roster.part(*part));
    let fold = |fold| partition(experiment, format!("Fold {fold}"), roster.exams.iter().filter(move |exam| exam.fold == fold));
    let mut partitions: Vec<Partition> = match roster.folds {
        0 => Part::ALL.iter().map(part).collect(),
        folds => (1..=folds).map(fold).collect(),
    };
    let external = roster.external.iter();
    partitions
        .extend(external.map(|(name, external)| partition(experiment, format!("External: {name}"), external.exams.iter())));
    partitions
}

fn division(experiment: &Experiment) -> String {
    let split = &experiment.split;
    let balance = match split.balance.as_slice() {
        [] => String::new(),
        columns => format!(" and balanced by {}", columns.join(", ")),
    };
    match &split.test {
        Test::Folds(count) => format!(
            "Patients were dealt out into {count} folds, stratified by class{balance}. Each fold was tested by models trained on the others, of \
             which the next one tuned; the areas are of the pooled predictions, and curves and records of {count} trainings a model are not shown."
        ),
        Test::Share(share) => {
            format!("Exams were divided by patient: each patient tests with a chance of {share}, drawn from its name.")
        }
        Test::Counts(_) => format!("Exams were divided by patient, stratified by class{balance}."),
    }
}

fn partition<'a>(experiment: &Experiment, name: String, exams: impl Iterator<Item = &'a Exam>) -> Partition {
    let mut counts: BTreeMap<String, usize> = experiment.cohort.classes.iter().map(|class| (class.clone(), 0)).collect();
    exams.for_each(|exam| *counts.entry(exam.class.clone()).or_default() += 1);
    Partition { name, exams: counts, images: None }
}

fn methods(model: &Model) -> ModelMethods {
    let pretrain = match &model.start {
        Start::Formula(params) => Some(params.clone()),
        Start::Untrained | Start::File(_) => None,
    };
    ModelMethods {
        images: ImageMethods { size: model.images.size, window: model.images.window, fit: model.images.fit },
        augment: model.augment.clone(),
        train: model.train.clone(),
        pretrain,
        predict: model.predict.clone(),
    }
}
