//! From an experiment and its exams to the graph of steps.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Exam, ExamSource, Input, Part, Plan, Roster, Step, StepId};
use crate::artifact::Files;
use crate::imaging::{Recipe, Window};
use crate::report;
use crate::seed::Seed;
use crate::spec::{Experiment, Images, Model, Slices, Source, Start};
use crate::stage::{Kind, augment, compare, ingest, phantom, predict, pretrain, train, window};

/// The plan of an experiment.
pub fn expand(experiment: &Experiment, roster: &Roster) -> Plan {
    let mut builder = Builder { experiment, roster, plan: Plan::default(), volumes: BTreeMap::new() };
    builder.ingest();
    let trained: Vec<(&Model, StepId)> = experiment.models.iter().map(|model| (model, builder.train(model))).collect();
    let predictions = trained.iter().map(|(model, train)| builder.predict(model, *train)).collect();
    let comparison = builder.compare(predictions);
    builder.report(comparison, &trained);
    builder.plan
}

struct Builder<'a> {
    experiment: &'a Experiment,
    roster: &'a Roster,
    plan: Plan,
    volumes: BTreeMap<&'a str, StepId>,
}

type Inputs = BTreeMap<String, Input>;

impl<'a> Builder<'a> {
    fn step(
        &mut self,
        kind: &'static Kind,
        label: String,
        params: &impl Serialize,
        seed: Option<u64>,
        inputs: Inputs,
    ) -> StepId {
        let params = serde_json::to_value(params).expect("BUG: parameters are plain data");
        let seed = seed.filter(|_| kind.random).map(|seed| Seed::root(seed).child(kind.name));
        self.plan.add(Step { label, kind, params, seed, inputs })
    }

    fn ingest(&mut self) {
        let slices = match &self.experiment.cohort.source {
            Source::Dicom { slices, .. } => slices.clone(),
            Source::Phantom(_) => Slices::All,
        };
        for exam in &self.roster.exams {
            let source = self.source(exam);
            let params = ingest::Params { slices: slices.clone() };
            let inputs = [("dicom".to_owned(), source)].into();
            let step = self.step(&ingest::KIND, format!("ingest[{}]", exam.id), &params, None, inputs);
            self.volumes.insert(&exam.id, step);
        }
    }

    fn source(&mut self, exam: &Exam) -> Input {
        match &exam.source {
            ExamSource::Dicom(files) => Input::Source(files.clone()),
            ExamSource::Phantom(phantom) => {
                let step = self.step(&phantom::KIND, format!("phantom[{}]", exam.id), phantom, None, Inputs::new());
                Input::Output { step, port: "dicom" }
            }
        }
    }

    fn window(&mut self, images: &Images, window: Window, part: Part) -> StepId {
        let exams: Vec<&Exam> = self.roster.part(part).collect();
        let labels = exams.iter().map(|exam| window::ExamLabel { id: exam.id.clone(), class: exam.class.clone() });
        let params = window::Params { window, size: images.size, fit: images.fit, exams: labels.collect() };
        let volume = |exam: &&Exam| (format!("exams/{}", exam.id), output(self.volumes[exam.id.as_str()], "volume"));
        let inputs = exams.iter().map(volume).collect();
        let label = format!("window[{}-w{}l{}]", part.name(), window.width, window.level);
        self.step(&window::KIND, label, &params, None, inputs)
    }

    fn training_images(&mut self, model: &Model) -> Input {
        match &model.augment {
            None => output(self.window(&model.images, model.images.window, Part::Train), "images"),
            Some(recipe) => output(self.augment(&model.images, recipe), "images"),
        }
    }

    fn augment(&mut self, images: &Images, recipe: &Recipe) -> StepId {
        let windows: Vec<StepId> = recipe.windows.iter().map(|window| self.window(images, *window, Part::Train)).collect();
        let inputs =
            windows.iter().enumerate().map(|(at, step)| (format!("windows/{at:02}"), output(*step, "images"))).collect();
        let params = augment::Params(recipe.clone());
        self.step(&augment::KIND, format!("augment[x{}]", recipe.product()), &params, None, inputs)
    }

    fn train(&mut self, model: &Model) -> StepId {
        let tune = self.window(&model.images, model.images.window, Part::Tune);
        let mut inputs: Inputs =
            [("train".to_owned(), self.training_images(model)), ("tune".to_owned(), output(tune, "images"))].into();
        inputs.extend(self.start(model).map(|start| ("start".to_owned(), start)));
        self.step(&train::KIND, format!("train[{}]", model.name), &model.train, Some(model.seed), inputs)
    }

    fn start(&mut self, model: &Model) -> Option<Input> {
        match &model.start {
            Start::Untrained => None,
            Start::File(path) => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Some(Input::Source([(name, path.clone())].into_iter().collect::<Files>()))
            }
            Start::Formula(params) => {
                let label = format!("pretrain[{}]", params.network.name);
                Some(output(self.step(&pretrain::KIND, label, params, Some(model.seed), Inputs::new()), "model"))
            }
        }
    }

    fn predict(&mut self, model: &Model, train: StepId) -> (String, Input) {
        let test = self.window(&model.images, model.images.window, Part::Test);
        let inputs = [("model".to_owned(), output(train, "model")), ("images".to_owned(), output(test, "images"))].into();
        let step = self.step(&predict::KIND, format!("predict[{}]", model.name), &model.predict, None, inputs);
        (format!("models/{}", model.name), output(step, "predictions"))
    }

    fn compare(&mut self, predictions: Inputs) -> StepId {
        let experiment = self.experiment;
        let params = compare::Params {
            classes: experiment.cohort.classes.clone(),
            positive: experiment.cohort.positive.clone(),
            aggregate: experiment.evaluate.aggregate,
            level: experiment.evaluate.level,
            factors: experiment.factors.clone(),
            models: experiment.models.iter().map(levels).collect(),
            comparisons: experiment.compare.clone(),
            exams: self.roster.part(Part::Test).map(reference).collect(),
        };
        self.step(&compare::KIND, "compare".to_owned(), &params, None, predictions)
    }

    fn report(&mut self, comparison: StepId, trained: &[(&Model, StepId)]) -> StepId {
        let mut inputs: Inputs = [("results".to_owned(), output(comparison, "results"))].into();
        for (model, step) in trained {
            inputs.insert(format!("curves/{}", model.name), output(*step, "curves"));
            inputs.insert(format!("records/{}", model.name), output(*step, "record"));
        }
        let params = super::describe::report(self.experiment, self.roster);
        self.step(&report::KIND, "report".to_owned(), &params, None, inputs)
    }
}

fn output(step: StepId, port: &'static str) -> Input {
    Input::Output { step, port }
}

fn levels(model: &Model) -> compare::Model {
    compare::Model { name: model.name.clone(), levels: model.levels.clone() }
}

fn reference(exam: &Exam) -> compare::Exam {
    compare::Exam { id: exam.id.clone(), class: exam.class.clone() }
}
