//! What the report says of an experiment that no result tells: who was examined, and how each model came about.

use std::collections::BTreeMap;

use super::{Part, Roster};
use crate::report::stage::{CohortSummary, ImageMethods, Look, ModelMethods, Params, Partition};
use crate::spec::{Experiment, Explained, Model, Source, Start};

pub(super) fn report(experiment: &Experiment, roster: &Roster) -> Params {
    Params {
        title: experiment.title.clone(),
        name: experiment.name.clone(),
        notes: experiment.notes.clone(),
        seed: experiment.seed,
        cohort: cohort(experiment, roster),
        methods: experiment.models.iter().map(|model| (model.name.clone(), methods(model))).collect(),
        looks: experiment.explain.iter().flat_map(|explain| &explain.models).map(look).collect(),
        changes: experiment.robustness.iter().flat_map(|robustness| &robustness.changes).copied().collect(),
        excluded: experiment.manuscript.excluded.clone(),
        claim: experiment.manuscript.claim.clone(),
    }
}

fn look(explained: &Explained) -> (String, Look) {
    (explained.model.clone(), Look { cases: explained.cases.clone(), explain: explained.explain.clone() })
}

fn cohort(experiment: &Experiment, roster: &Roster) -> CohortSummary {
    let source = match &experiment.cohort.source {
        Source::Phantom(phantom) => format!(
            "Exams are synthetic head CT, rendered by a software phantom on a matrix of {0} x {0} pixels and written as DICOM.",
            phantom.matrix
        ),
        Source::Dicom { .. } => "Exams were read from DICOM files.".to_owned(),
    };
    CohortSummary { source, partitions: Part::ALL.iter().map(|part| partition(experiment, roster, *part)).collect() }
}

fn partition(experiment: &Experiment, roster: &Roster, part: Part) -> Partition {
    let mut exams: BTreeMap<String, usize> = experiment.cohort.classes.iter().map(|class| (class.clone(), 0)).collect();
    roster.part(part).for_each(|exam| *exams.entry(exam.class.clone()).or_default() += 1);
    let name = match part {
        Part::Train => "Training",
        Part::Tune => "Tuning",
        Part::Test => "Test",
    };
    Partition { name: name.to_owned(), exams, images: None }
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
