//! What looks at trained models beyond the comparison: who was examined, single exams, changed images. Nothing here is trained anew.

use std::collections::BTreeMap;

use super::expand::{self, Arm, Builder, Inputs, output, pooled};
use super::{Exam, ExamSource, Input, Part, StepId, facts};
use crate::artifact::results::{Comparison, Factor};
use crate::imaging::Window;
use crate::spec::{Explained, Images, Model};
use crate::stage::compare::{self, Training};
use crate::stage::perturb::{self, Change};
use crate::stage::{cases, characteristics, explain, predict, window};

/// Factors of the comparison of a model with itself on changed images.
const CHANGE: &str = "change";
const MODEL: &str = "model";
/// Level of the images as they are.
const NONE: &str = "none";

/// Every model with its trainings: one, or one a fold.
type Trained<'m> = [(&'m Model, Vec<StepId>)];

impl Builder<'_> {
    /// For the report: everything that it shows beside results and trainings.
    pub(super) fn looks(&mut self, arms: &[Arm<'_>], trained: &Trained<'_>, predictions: &Inputs) -> Inputs {
        let mut inputs: Inputs = [("characteristics".to_owned(), self.characteristics())].into();
        inputs.extend(self.robustness(arms, trained, predictions));
        // A fold's model would speak for a part of the exams.
        if let [whole] = arms {
            inputs.extend(self.explain(whole, trained, predictions));
            inputs.extend(self.augmented(whole));
        }
        inputs
    }

    fn characteristics(&mut self) -> Input {
        let partition = |exam: &Exam| match exam.fold {
            0 => exam.part.title().to_owned(),
            fold => format!("Fold {fold}"),
        };
        let facts = facts::kept(self.experiment, &self.roster.exams);
        let exam = |(exam, facts): (&Exam, BTreeMap<String, String>)| characteristics::Exam {
            id: exam.id.clone(),
            patient: exam.patient.clone(),
            class: exam.class.clone(),
            partition: partition(exam),
            facts,
        };
        let params = characteristics::Params {
            partitions: match self.roster.folds {
                0 => Part::ALL.map(|part| part.title().to_owned()).to_vec(),
                folds => (1..=folds).map(|fold| format!("Fold {fold}")).collect(),
            },
            classes: self.experiment.cohort.classes.clone(),
            exams: self.roster.exams.iter().zip(facts).map(exam).collect(),
        };
        let volumes = self.volumes_of("volumes", "", self.roster.exams.iter());
        output(self.step(&characteristics::KIND, "characteristics".to_owned(), &params, None, volumes), "characteristics")
    }

    fn volumes_of<'e>(&self, port: &str, cohort: &str, exams: impl Iterator<Item = &'e Exam>) -> Inputs {
        exams.map(|exam| (format!("{port}/{}", exam.id), self.volumes[&(cohort, exam.id.as_str())].clone())).collect()
    }

    /// The cases and the explanations of each model that is looked at closely.
    fn explain(&mut self, arm: &Arm<'_>, trained: &Trained<'_>, predictions: &Inputs) -> Inputs {
        let Some(explain) = &self.experiment.explain else { return Inputs::new() };
        let mut inputs = Inputs::new();
        for Explained { model, cases: pick, explain: params } in &explain.models {
            let Some((model, [train])) = trained
                .iter()
                .find_map(|(known, trains)| (known.name == *model).then_some((*known, trains.first_chunk::<1>()?)))
            else {
                continue;
            };
            let predictions = predictions[&format!("models/{}", model.name)].clone();
            let cases = self.cases(arm, model, &self.roster.cases(pick), predictions);
            let sources = [("model".to_owned(), output(*train, "model")), ("cases".to_owned(), cases.clone())].into();
            let step = self.step(&explain::KIND, format!("explain[{}]", model.name), params, None, sources);
            inputs.insert(format!("cases/{}", model.name), cases);
            inputs.insert(format!("explanations/{}", model.name), output(step, "explanations"));
        }
        inputs
    }

    fn cases(&mut self, arm: &Arm<'_>, model: &Model, params: &cases::Params, predictions: Input) -> Input {
        let images = output(self.window(arm, &model.images, model.images.window, Part::Test), "images");
        let mut inputs: Inputs = [("predictions".to_owned(), predictions), ("images".to_owned(), images)].into();
        inputs.extend(self.volumes_of("volumes", "", self.roster.part(Part::Test)));
        for exam in self.roster.part(Part::Test) {
            if matches!(exam.source, ExamSource::Phantom(_)) {
                let truth = self.plan.find(&format!("phantom[{}]", exam.id)).map(|step| output(step, "truth"));
                inputs.extend(truth.map(|truth| (format!("truth/{}", exam.id), truth)));
            }
        }
        output(self.step(&cases::KIND, format!("cases[{}]", model.name), params, None, inputs), "cases")
    }

    /// The results of each change: every model against itself, its threshold from the tuning exams as they are.
    fn robustness(&mut self, arms: &[Arm<'_>], trained: &Trained<'_>, predictions: &Inputs) -> Inputs {
        let Some(robustness) = &self.experiment.robustness else { return Inputs::new() };
        let models: Vec<compare::Model> =
            pooled(&self.experiment.models).into_iter().filter(|model| robustness.models.contains(&model.name)).collect();
        let one = |change: &Change| {
            let step = self.changed(*change, &models, (arms, trained), predictions);
            (format!("robustness/{}", change.slug()), output(step, "results"))
        };
        robustness.changes.iter().map(one).collect()
    }

    fn changed(
        &mut self,
        change: Change,
        models: &[compare::Model],
        (arms, trained): (&[Arm<'_>], &Trained<'_>),
        predictions: &Inputs,
    ) -> StepId {
        let mut inputs = Inputs::new();
        for training in models.iter().flat_map(|model| &model.trainings) {
            let Some((model, trains)) = trained.iter().find(|(model, _)| model.name == training.name) else { continue };
            let changed = format!("{}@{}", model.name, change.slug());
            for part in ["models", "tuning"] {
                let plain = &predictions[&format!("{part}/{}", model.name)];
                inputs.insert(format!("{part}/{}", model.name), plain.clone());
                inputs.insert(format!("{part}/{changed}"), plain.clone());
            }
            inputs.insert(format!("models/{changed}"), self.predict_changed(arms, model, trains, change));
        }
        let params = compare::Params {
            factors: vec![
                Factor { name: CHANGE.to_owned(), levels: vec![NONE.to_owned(), change.slug()] },
                Factor { name: MODEL.to_owned(), levels: models.iter().map(|model| model.name.clone()).collect() },
            ],
            models: [None, Some(change)]
                .into_iter()
                .flat_map(|change| models.iter().map(move |model| level(model, change)))
                .collect(),
            comparisons: vec![Comparison {
                title: change.to_string(),
                factor: CHANGE.to_owned(),
                within: vec![MODEL.to_owned()],
                fixed: BTreeMap::new(),
            }],
            subgroups: vec![],
            readers: vec![],
            canaries: vec![],
            ..self.judging(self.roster)
        };
        self.step(&compare::KIND, format!("robustness[{}]", change.slug()), &params, None, inputs)
    }

    fn predict_changed(&mut self, arms: &[Arm<'_>], model: &Model, trains: &[StepId], change: Change) -> Input {
        let mut one = |arm: &Arm<'_>, train: StepId| {
            let images = output(self.perturb(arm, model, change), "images");
            let inputs = [("model".to_owned(), output(train, "model")), ("images".to_owned(), images)].into();
            let label = format!("predict[{}/{}{}]", change.slug(), arm.prefix, model.name);
            output(self.step(&predict::KIND, label, &model.predict, None, inputs), "predictions")
        };
        let folds: Vec<Input> = arms.iter().zip(trains).map(|(arm, train)| one(arm, *train)).collect();
        match folds.as_slice() {
            [only] => only.clone(),
            _ => self.pool(format!("pool[{}/{}]", change.slug(), model.name), folds),
        }
    }

    fn perturb(&mut self, arm: &Arm<'_>, model: &Model, change: Change) -> StepId {
        let exams: Vec<&Exam> = arm.roster.part(Part::Test).collect();
        let labels = exams.iter().map(|exam| window::ExamLabel { id: exam.id.clone(), class: exam.class.clone() });
        let Images { window, size, fit } = model.images.clone();
        let window = window::Params { window, size, fit, exams: labels.collect(), order: expand::order(&exams) };
        let volumes = self.volumes_of("exams", arm.cohort, arm.roster.part(Part::Test));
        let Window { width, level } = window.window;
        let label = format!("perturb[{}{}-w{width}l{level}]", arm.prefix, change.slug());
        let seed = Some(self.experiment.seed);
        self.step(&perturb::KIND, label, &perturb::Params { window, change }, seed, volumes)
    }

    /// The training images of each recipe, of which the report shows one slice in all its variants.
    fn augmented(&mut self, arm: &Arm<'_>) -> Inputs {
        let mut inputs = Inputs::new();
        for model in &self.experiment.models {
            if let Some(recipe) = &model.augment {
                let images = self.augment(arm, &model.images, recipe);
                inputs.entry(format!("augmented/{}", recipe.product())).or_insert_with(|| output(images, "images"));
            }
        }
        inputs
    }
}

/// A model on images as they are, or changed.
fn level(model: &compare::Model, change: Option<Change>) -> compare::Model {
    let slug = change.map_or(NONE.to_owned(), |change| change.slug());
    let name = |name: &String| change.map_or(name.clone(), |change| format!("{name}@{}", change.slug()));
    let training = |training: &Training| Training { name: name(&training.name), seed: training.seed.clone() };
    compare::Model {
        name: name(&model.name),
        levels: [(CHANGE.to_owned(), slug), (MODEL.to_owned(), model.name.clone())].into(),
        trainings: model.trainings.iter().map(training).collect(),
    }
}
