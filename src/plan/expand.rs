//! From an experiment and its exams to the graph of steps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::stages::Stages;
use super::{CohortFaults, Exam, ExamSource, Input, Part, Plan, Roster, Step, StepId};
use crate::artifact::Files;
use crate::imaging::{Recipe, Window};
use crate::report;
use crate::seed::Seed;
use crate::spec::{Experiment, Images, Model, SEED, ScoreSource, Spec, StagePlace, Start};
use crate::stage::{Kind, augment, compare, disjoint, ingest, phantom, pool, predict, pretrain, train, window};

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
    let mut builder = Builder { experiment, roster, plan: Plan::default(), volumes: BTreeMap::new(), proofs: vec![] };
    builder.ingest(stages, "", roster);
    roster.external.iter().for_each(|(name, external)| builder.ingest(stages, name, external));
    let arms = arms(roster);
    let proof = builder.disjoint(&arms);
    let trained: Vec<(&Model, Vec<StepId>)> =
        experiment.models.iter().map(|model| (model, arms.iter().map(|arm| builder.train(arm, model)).collect())).collect();
    let (mut predictions, mut tuning) = (Inputs::new(), Inputs::new());
    for (model, trains) in &trained {
        predictions.insert(format!("models/{}", model.name), builder.predict("", &arms, model, trains, Part::Test));
        tuning.insert(format!("tuning/{}", model.name), builder.predict("tuning/", &arms, model, trains, Part::Tune));
    }
    predictions.extend(tuning.clone());
    predictions.extend(builder.canaries(&arms));
    builder.read_scores(stages, &mut predictions);
    let looks = builder.looks(&arms, &trained, &predictions);
    let mut inputs: Inputs =
        [("results".to_owned(), builder.compare("compare".to_owned(), roster, predictions)), ("proof".to_owned(), proof)]
            .into();
    for (name, external) in &roster.external {
        let compared = builder.external(name, external, &trained, &tuning);
        inputs.insert(format!("external/{name}"), compared);
    }
    inputs.extend(looks);
    builder.report(inputs, &trained);
    builder.plan
}

pub(super) struct Builder<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) roster: &'a Roster,
    pub(super) plan: Plan,
    /// By cohort, where the own one has no name, and exam.
    pub(super) volumes: BTreeMap<(&'a str, &'a str), Input>,
    /// What has to hold before anything is trained.
    proofs: Vec<StepId>,
}

/// Exams with their parts: those of the study, of one of its folds, of an external cohort, or with permuted labels.
#[derive(Clone)]
pub(super) struct Arm<'r> {
    /// Tells the labels of its steps from those of other arms: empty, or with a `/` at its end.
    pub(super) prefix: String,
    /// The cohort that the exams are of.
    pub(super) cohort: &'r str,
    pub(super) roster: Cow<'r, Roster>,
}

/// One arm, or one a fold.
fn arms(roster: &Roster) -> Vec<Arm<'_>> {
    let fold = |fold| Arm { prefix: format!("fold{fold}/"), cohort: "", roster: Cow::Owned(roster.in_fold(fold)) };
    match roster.folds {
        0 => vec![Arm { prefix: String::new(), cohort: "", roster: Cow::Borrowed(roster) }],
        folds => (1..=folds).map(fold).collect(),
    }
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

    fn ingest(&mut self, stages: &mut Stages<'_>, cohort: &'a str, roster: &'a Roster) {
        for exam in &roster.exams {
            let source = self.source(exam);
            let source = stages.at_exam(&mut self.plan, StagePlace::Dicom, &exam.id, source);
            let (format, params) = (exam.source.format(), ingest::Params { slices: exam.slices.clone() });
            let inputs = [(format.name().to_owned(), source)].into();
            let name = if cohort.is_empty() { exam.id.clone() } else { format!("{cohort}/{}", exam.id) };
            let step = self.step(format.kind(), format!("ingest[{name}]"), &params, None, inputs);
            let volume = stages.at_exam(&mut self.plan, StagePlace::Volume, &exam.id, output(step, "volume"));
            self.volumes.insert((cohort, &exam.id), volume);
        }
    }

    /// The proof that the parts share nothing, as soon as their images are there: one for each sort of images that a model sees, for what is
    /// alike in one window or at one size may differ in another. The report draws the first.
    fn disjoint(&mut self, arms: &[Arm<'a>]) -> Input {
        let mut sorts: Vec<&Images> = vec![];
        for model in &self.experiment.models {
            if !sorts.contains(&&model.images) {
                sorts.push(&model.images);
            }
        }
        for (at, images) in sorts.into_iter().enumerate() {
            let label = match at {
                0 => "disjoint".to_owned(),
                _ => format!("disjoint[w{}l{}-{}-{:?}]", images.window.width, images.window.level, images.size, images.fit)
                    .to_lowercase(),
            };
            let proof = self.disjoint_as(arms, images, label);
            self.proofs.push(proof);
        }
        output(self.proofs[0], "proof")
    }

    fn disjoint_as(&mut self, arms: &[Arm<'a>], images: &Images, label: String) -> StepId {
        let mut parts = vec![];
        for arm in arms {
            let tested = [(arm.prefix.trim_end_matches('/').to_owned(), Part::Test)];
            let all = Part::ALL.map(|part| (part.name().to_owned(), part));
            let of = if self.roster.folds > 0 { tested.to_vec() } else { all.to_vec() };
            parts.extend(of.into_iter().map(|(name, part)| (name, part, arm.clone())));
        }
        let external = self
            .roster
            .external
            .iter()
            .map(|(name, external)| (format!("external/{name}"), Part::Test, outside(name, external)));
        parts.extend(external);
        let (mut inputs, mut patients) = (Inputs::new(), BTreeMap::new());
        for (name, part, arm) in parts {
            patients.insert(name.clone(), arm.roster.part(part).map(|exam| (exam.id.clone(), exam.patient.clone())).collect());
            inputs.insert(format!("parts/{name}"), output(self.window(&arm, images, images.window, part), "images"));
        }
        let leakage = &self.experiment.leakage;
        let pair = |(a, b): &(String, String)| {
            let mut pair = self.roster.named([a, b]);
            pair.sort();
            <[String; 2]>::try_from(pair).ok().map(<(String, String)>::from)
        };
        let acknowledged = leakage.acknowledged.iter().filter_map(pair).collect();
        let params = disjoint::Params { near: leakage.near, patients, acknowledged };
        self.step(&disjoint::KIND, label, &params, None, inputs)
    }

    fn source(&mut self, exam: &Exam) -> Input {
        match &exam.source {
            ExamSource::Files(_, files) => Input::Source(files.clone()),
            ExamSource::Phantom(phantom) => {
                let step = self.step(&phantom::KIND, format!("phantom[{}]", exam.id), phantom, None, Inputs::new());
                output(step, "dicom")
            }
        }
    }

    pub(super) fn window(&mut self, arm: &Arm<'_>, images: &Images, window: Window, part: Part) -> StepId {
        let exams: Vec<&Exam> = arm.roster.part(part).collect();
        let labels = exams.iter().map(|exam| window::ExamLabel { id: exam.id.clone(), class: exam.class.clone() });
        let params =
            window::Params { window, size: images.size, fit: images.fit, exams: labels.collect(), order: order(&exams) };
        let volume = |exam: &&Exam| (format!("exams/{}", exam.id), self.volumes[&(arm.cohort, exam.id.as_str())].clone());
        let inputs = exams.iter().map(volume).collect();
        let label = format!("window[{}{}-w{}l{}]", arm.prefix, part.name(), window.width, window.level);
        self.step(&window::KIND, label, &params, None, inputs)
    }

    fn training_images(&mut self, arm: &Arm<'_>, model: &Model) -> Input {
        match &model.augment {
            None => output(self.window(arm, &model.images, model.images.window, Part::Train), "images"),
            Some(recipe) => output(self.augment(arm, &model.images, recipe), "images"),
        }
    }

    pub(super) fn augment(&mut self, arm: &Arm<'_>, images: &Images, recipe: &Recipe) -> StepId {
        let windows: Vec<StepId> = recipe.windows.iter().map(|window| self.window(arm, images, *window, Part::Train)).collect();
        let inputs =
            windows.iter().enumerate().map(|(at, step)| (format!("windows/{at:02}"), output(*step, "images"))).collect();
        let params = augment::Params(recipe.clone());
        self.step(&augment::KIND, format!("augment[{}x{}]", arm.prefix, recipe.product()), &params, None, inputs)
    }

    fn train(&mut self, arm: &Arm<'_>, model: &Model) -> StepId {
        let tune = self.window(arm, &model.images, model.images.window, Part::Tune);
        let mut inputs: Inputs =
            [("train".to_owned(), self.training_images(arm, model)), ("tune".to_owned(), output(tune, "images"))].into();
        inputs.extend(self.start(model).map(|start| ("start".to_owned(), start)));
        let params = serde_json::to_value(&model.train).expect("BUG: parameters are plain data");
        let seed = Seed::root(model.seed).child(train::KIND.name);
        let step = Step::of_kind(&train::KIND, format!("train[{}{}]", arm.prefix, model.name), params, Some(seed), inputs);
        self.plan.add(Step { after: self.proofs.clone(), ..step })
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

    /// What a model says of one part; where there are folds, of each fold the model that was not trained on it.
    fn predict(&mut self, prefix: &str, arms: &[Arm<'_>], model: &Model, trains: &[StepId], part: Part) -> Input {
        let mut one = |arm: &Arm<'_>, train: StepId| {
            let images = self.window(arm, &model.images, model.images.window, part);
            let inputs = [("model".to_owned(), output(train, "model")), ("images".to_owned(), output(images, "images"))].into();
            let label = format!("predict[{prefix}{}{}]", arm.prefix, model.name);
            output(self.step(&predict::KIND, label, &model.predict, None, inputs), "predictions")
        };
        let folds: Vec<Input> = arms.iter().zip(trains).map(|(arm, train)| one(arm, *train)).collect();
        match folds.as_slice() {
            [only] => only.clone(),
            _ => self.pool(format!("pool[{prefix}{}]", model.name), folds),
        }
    }

    pub(super) fn pool(&mut self, label: String, folds: Vec<Input>) -> Input {
        let inputs = folds.into_iter().enumerate().map(|(at, fold)| (format!("folds/{:02}", at + 1), fold)).collect();
        output(self.step(&pool::KIND, label, &(), None, inputs), "predictions")
    }

    /// The same trainings on permuted labels, judged on the true ones. What starts before any label is seen is shared.
    fn canaries(&mut self, arms: &[Arm<'a>]) -> Inputs {
        let experiment = self.experiment;
        let permuted = |arm: &Arm<'a>| Arm {
            prefix: format!("canary/{}", arm.prefix),
            roster: Cow::Owned(arm.roster.permuted(Seed::root(experiment.seed))),
            ..arm.clone()
        };
        let permuted: Vec<Arm<'_>> = arms.iter().map(permuted).collect();
        let models = experiment.models.iter().filter(|model| experiment.canaries.contains(&model.name));
        let mut canary = |model: &Model| {
            let trains: Vec<StepId> = permuted.iter().map(|arm| self.train(arm, model)).collect();
            (format!("canary/{}", model.name), self.predict("canary/", arms, model, &trains, Part::Test))
        };
        models.map(&mut canary).collect()
    }

    /// Every model on a cohort that had no part in choosing anything, thresholds included.
    fn external(&mut self, name: &'a str, external: &'a Roster, trained: &[(&Model, Vec<StepId>)], tuning: &Inputs) -> Input {
        let arms = [outside(name, external)];
        let mut predictions = tuning.clone();
        for (model, trains) in trained {
            predictions.insert(format!("models/{}", model.name), self.predict("", &arms, model, trains, Part::Test));
        }
        self.compare(format!("compare[external/{name}]"), external, predictions)
    }

    /// Tables of scores that stages make.
    fn read_scores(&mut self, stages: &mut Stages<'_>, inputs: &mut Inputs) {
        for reader in &self.experiment.readers {
            let ScoreSource::Stage { stage, output } = &reader.source else { continue };
            let scores = stages.single(&mut self.plan, stage, output);
            inputs.extend(scores.map(|scores| (format!("readers/{}", reader.name), scores)));
        }
    }

    /// Compares the models on the test exams of a roster; of the own one with all that is known of them.
    fn compare(&mut self, label: String, roster: &Roster, predictions: Inputs) -> Input {
        let experiment = self.experiment;
        let has_canaries = predictions.keys().any(|port| port.starts_with("canary/"));
        let params = compare::Params {
            factors: experiment.factors.iter().filter(|factor| factor.name != SEED).cloned().collect(),
            models: pooled(&experiment.models),
            comparisons: experiment.compare.clone(),
            subgroups: roster.subgroups.clone(),
            readers: roster.readers.clone(),
            canaries: if has_canaries { experiment.canaries.clone() } else { vec![] },
            ..self.judging(roster)
        };
        output(self.step(&compare::KIND, label, &params, None, predictions), "results")
    }

    /// The test exams of a roster and the rules of every comparison of this study.
    pub(super) fn judging(&self, roster: &Roster) -> compare::Params {
        let experiment = self.experiment;
        compare::Params {
            classes: experiment.cohort.classes.clone(),
            positive: experiment.cohort.positive.clone(),
            aggregate: experiment.evaluate.aggregate,
            operating_point: experiment.operating_point,
            level: experiment.evaluate.level,
            factors: vec![],
            models: vec![],
            comparisons: vec![],
            exams: roster.part(Part::Test).map(reference).collect(),
            tuning: self.roster.part(Part::Tune).map(reference).collect(),
            subgroups: vec![],
            readers: vec![],
            canaries: vec![],
        }
    }

    /// Curves and records tell of one training a model; a fold's would speak for a part of it.
    fn report(&mut self, mut inputs: Inputs, trained: &[(&Model, Vec<StepId>)]) -> StepId {
        for (model, steps) in trained {
            if let [step] = steps.as_slice() {
                inputs.insert(format!("curves/{}", model.name), output(*step, "curves"));
                inputs.insert(format!("records/{}", model.name), output(*step, "record"));
            }
        }
        let params = super::describe::report(self.experiment, self.roster);
        self.step(&report::KIND, "report".to_owned(), &params, None, inputs)
    }
}

/// The exams of an external cohort.
fn outside<'r>(name: &'r str, external: &'r Roster) -> Arm<'r> {
    Arm { prefix: format!("external/{name}/"), cohort: name, roster: Cow::Borrowed(external) }
}

pub(super) fn source_file(path: &Path) -> Input {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Input::Source([(name, path.to_owned())].into_iter().collect::<Files>())
}

/// Phantoms come by their numbers. Exams of people bear pseudonyms, which a key decides, so their order is that of their contents.
pub(super) fn order(exams: &[&Exam]) -> window::Order {
    let made_up = exams.iter().all(|exam| matches!(exam.source, ExamSource::Phantom(_)));
    if made_up { window::Order::Listed } else { window::Order::Contents }
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
