//! From an experiment and its exams to the graph of steps.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::stages::Stages;
use super::{CohortFaults, Exam, ExamSource, Input, Part, Plan, Roster, Step, StepId};
use crate::artifact::Files;
use crate::imaging::{Recipe, Window};
use crate::report;
use crate::seed::Seed;
use crate::spec::{Experiment, Images, Model, SEED, ScoreSource, Slices, Source, Spec, StagePlace, Start};
use crate::stage::{Kind, augment, compare, ingest, phantom, predict, pretrain, train, window};

/// The plan of a spec; `roster` has the exams of its study.
///
/// # Errors
/// Stages that read what is not there, a line each.
pub fn expand(spec: &Spec, roster: Option<&Roster>) -> Result<Plan, CohortFaults> {
    let mut stages = Stages::new(&spec.stages);
    let mut plan = match (&spec.study, roster) {
        (Some(experiment), Some(roster)) => study(experiment, roster, &mut stages),
        _ => Plan::default(),
    };
    stages.rest(&mut plan);
    if stages.faults.is_empty() { Ok(plan) } else { Err(CohortFaults(stages.faults)) }
}

fn study<'a>(experiment: &'a Experiment, roster: &'a Roster, stages: &mut Stages<'_>) -> Plan {
    let mut builder = Builder { experiment, roster, plan: Plan::default(), volumes: BTreeMap::new() };
    builder.ingest(stages);
    let true_labels = Arm { prefix: "", roster };
    let trained: Vec<(&Model, StepId)> =
        experiment.models.iter().map(|model| (model, builder.train(true_labels, model))).collect();
    let mut predictions = Inputs::new();
    for (model, train) in &trained {
        predictions.insert(format!("models/{}", model.name), builder.predict("", model, *train, Part::Test));
        predictions.insert(format!("tuning/{}", model.name), builder.predict("tuning/", model, *train, Part::Tune));
    }
    predictions.extend(builder.canaries());
    builder.read_scores(stages, &mut predictions);
    let looks = builder.looks(&trained, &predictions);
    let comparison = builder.compare(predictions);
    builder.report(comparison, &trained, looks);
    builder.plan
}

pub(super) struct Builder<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) roster: &'a Roster,
    pub(super) plan: Plan,
    pub(super) volumes: BTreeMap<&'a str, Input>,
}

/// What models are trained on: the true labels, or permuted ones.
#[derive(Clone, Copy)]
pub(super) struct Arm<'r> {
    /// Tells the labels of its steps from those of the other arm.
    pub(super) prefix: &'static str,
    pub(super) roster: &'r Roster,
}

pub(super) type Inputs = BTreeMap<String, Input>;

impl<'a> Builder<'a> {
    pub(super) fn step(
        &mut self,
        kind: &'static Kind,
        label: String,
        params: &impl Serialize,
        seed: Option<u64>,
        inputs: Inputs,
    ) -> StepId {
        let params = serde_json::to_value(params).expect("BUG: parameters are plain data");
        let seed = seed.filter(|_| kind.random).map(|seed| Seed::root(seed).child(kind.name));
        self.plan.add(Step::of_kind(kind, label, params, seed, inputs))
    }

    fn ingest(&mut self, stages: &mut Stages<'_>) {
        let slices = match &self.experiment.cohort.source {
            Source::Dicom { slices, .. } => slices.clone(),
            Source::Phantom(_) => Slices::All,
        };
        for exam in &self.roster.exams {
            let source = self.source(exam);
            let source = stages.at_exam(&mut self.plan, StagePlace::Dicom, &exam.id, source);
            let params = ingest::Params { slices: slices.clone() };
            let inputs = [("dicom".to_owned(), source)].into();
            let step = self.step(&ingest::KIND, format!("ingest[{}]", exam.id), &params, None, inputs);
            let volume = stages.at_exam(&mut self.plan, StagePlace::Volume, &exam.id, output(step, "volume"));
            self.volumes.insert(&exam.id, volume);
        }
    }

    fn source(&mut self, exam: &Exam) -> Input {
        match &exam.source {
            ExamSource::Dicom(files) => Input::Source(files.clone()),
            ExamSource::Phantom(phantom) => {
                let step = self.step(&phantom::KIND, format!("phantom[{}]", exam.id), phantom, None, Inputs::new());
                output(step, "dicom")
            }
        }
    }

    pub(super) fn window(&mut self, arm: Arm<'_>, images: &Images, window: Window, part: Part) -> StepId {
        let exams: Vec<&Exam> = arm.roster.part(part).collect();
        let labels = exams.iter().map(|exam| window::ExamLabel { id: exam.id.clone(), class: exam.class.clone() });
        let params = window::Params { window, size: images.size, fit: images.fit, exams: labels.collect() };
        let volume = |exam: &&Exam| (format!("exams/{}", exam.id), self.volumes[exam.id.as_str()].clone());
        let inputs = exams.iter().map(volume).collect();
        let label = format!("window[{}{}-w{}l{}]", arm.prefix, part.name(), window.width, window.level);
        self.step(&window::KIND, label, &params, None, inputs)
    }

    fn training_images(&mut self, arm: Arm<'_>, model: &Model) -> Input {
        match &model.augment {
            None => output(self.window(arm, &model.images, model.images.window, Part::Train), "images"),
            Some(recipe) => output(self.augment(arm, &model.images, recipe), "images"),
        }
    }

    pub(super) fn augment(&mut self, arm: Arm<'_>, images: &Images, recipe: &Recipe) -> StepId {
        let windows: Vec<StepId> = recipe.windows.iter().map(|window| self.window(arm, images, *window, Part::Train)).collect();
        let inputs =
            windows.iter().enumerate().map(|(at, step)| (format!("windows/{at:02}"), output(*step, "images"))).collect();
        let params = augment::Params(recipe.clone());
        self.step(&augment::KIND, format!("augment[{}x{}]", arm.prefix, recipe.product()), &params, None, inputs)
    }

    fn train(&mut self, arm: Arm<'_>, model: &Model) -> StepId {
        let tune = self.window(arm, &model.images, model.images.window, Part::Tune);
        let mut inputs: Inputs =
            [("train".to_owned(), self.training_images(arm, model)), ("tune".to_owned(), output(tune, "images"))].into();
        inputs.extend(self.start(model).map(|start| ("start".to_owned(), start)));
        self.step(&train::KIND, format!("train[{}{}]", arm.prefix, model.name), &model.train, Some(model.seed), inputs)
    }

    fn start(&mut self, model: &Model) -> Option<Input> {
        match &model.start {
            Start::Untrained => None,
            Start::File(path) => Some(source_file(path)),
            Start::Formula(params) => {
                let label = format!("pretrain[{}]", params.network.name);
                Some(output(self.step(&pretrain::KIND, label, params, Some(model.seed), Inputs::new()), "model"))
            }
        }
    }

    fn predict(&mut self, prefix: &str, model: &Model, train: StepId, part: Part) -> Input {
        let arm = Arm { prefix: "", roster: self.roster };
        let images = self.window(arm, &model.images, model.images.window, part);
        let inputs = [("model".to_owned(), output(train, "model")), ("images".to_owned(), output(images, "images"))].into();
        let label = format!("predict[{prefix}{}]", model.name);
        output(self.step(&predict::KIND, label, &model.predict, None, inputs), "predictions")
    }

    /// The same trainings on permuted labels, judged on the true ones. What starts before any label is seen is shared.
    fn canaries(&mut self) -> Inputs {
        let permuted = self.roster.permuted(Seed::root(self.experiment.seed));
        let arm = Arm { prefix: "canary/", roster: &permuted };
        let experiment = self.experiment;
        let models = experiment.models.iter().filter(|model| experiment.canaries.contains(&model.name));
        let mut canary = |model: &Model| {
            let train = self.train(arm, model);
            (format!("canary/{}", model.name), self.predict(arm.prefix, model, train, Part::Test))
        };
        models.map(&mut canary).collect()
    }

    /// Tables of scores that stages make.
    fn read_scores(&mut self, stages: &mut Stages<'_>, inputs: &mut Inputs) {
        for reader in &self.experiment.readers {
            let ScoreSource::Stage { stage, output } = &reader.source else { continue };
            let scores = stages.single(&mut self.plan, stage, output);
            inputs.extend(scores.map(|scores| (format!("readers/{}", reader.name), scores)));
        }
    }

    fn compare(&mut self, predictions: Inputs) -> StepId {
        let experiment = self.experiment;
        let params = compare::Params {
            factors: experiment.factors.iter().filter(|factor| factor.name != SEED).cloned().collect(),
            models: pooled(&experiment.models),
            comparisons: experiment.compare.clone(),
            subgroups: self.roster.subgroups.clone(),
            readers: self.roster.readers.clone(),
            canaries: experiment.canaries.clone(),
            ..self.judging()
        };
        self.step(&compare::KIND, "compare".to_owned(), &params, None, predictions)
    }

    /// The exams and the rules of every comparison of this study.
    pub(super) fn judging(&self) -> compare::Params {
        let experiment = self.experiment;
        let exams = |part| self.roster.part(part).map(reference).collect();
        compare::Params {
            classes: experiment.cohort.classes.clone(),
            positive: experiment.cohort.positive.clone(),
            aggregate: experiment.evaluate.aggregate,
            operating_point: experiment.operating_point,
            level: experiment.evaluate.level,
            factors: vec![],
            models: vec![],
            comparisons: vec![],
            exams: exams(Part::Test),
            tuning: exams(Part::Tune),
            subgroups: vec![],
            readers: vec![],
            canaries: vec![],
        }
    }

    fn report(&mut self, comparison: StepId, trained: &[(&Model, StepId)], looks: Inputs) -> StepId {
        let mut inputs: Inputs = [("results".to_owned(), output(comparison, "results"))].into();
        for (model, step) in trained {
            inputs.insert(format!("curves/{}", model.name), output(*step, "curves"));
            inputs.insert(format!("records/{}", model.name), output(*step, "record"));
        }
        inputs.extend(looks);
        let params = super::describe::report(self.experiment, self.roster);
        self.step(&report::KIND, "report".to_owned(), &params, None, inputs)
    }
}

pub(super) fn source_file(path: &Path) -> Input {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Input::Source([(name, path.to_owned())].into_iter().collect::<Files>())
}

pub(super) fn output(step: StepId, port: &str) -> Input {
    Input::Output { step, port: port.to_owned() }
}

/// Models that differ in their seed alone are one.
pub(super) fn pooled(models: &[Model]) -> Vec<compare::Model> {
    models.iter().fold(Vec::new(), |mut pooled: Vec<compare::Model>, model| {
        let mut levels = model.levels.clone();
        let training = compare::Training { name: model.name.clone(), seed: levels.remove(SEED) };
        match pooled.iter_mut().find(|known| known.levels == levels) {
            Some(known) => known.trainings.push(training),
            None => pooled.push(compare::Model { name: model.pooled.clone(), levels, trainings: vec![training] }),
        }
        pooled
    })
}

fn reference(exam: &Exam) -> compare::Exam {
    compare::Exam { id: exam.id.clone(), class: exam.class.clone() }
}
