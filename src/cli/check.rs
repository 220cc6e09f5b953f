//! `bgh check`: every fault of a spec and of what it names, without running anything.

use clap::Args;

use super::Failure;
use super::session::SpecArguments;
use super::weights::told;
use crate::plan::{self, Part, Roster};
use crate::spec::{Experiment, Start};
use crate::stage::train;
use crate::weights::WeightFile;

/// Arguments of `bgh check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = arguments.spec.read()?;
    let roster = spec.study.as_ref().map(Roster::of).transpose()?;
    let plan = plan::expand(&spec, roster.as_ref())?;
    let models = spec.study.as_ref().map_or(String::new(), |study| format!("{} models, ", study.models.len()));
    outln!("{}: {models}{} steps", arguments.spec.spec.display(), plan.len());
    for stage in &spec.stages {
        outln!("  stage {}: {}", stage.name, steps(stage.instances.len(), stage.replaces.is_some()));
    }
    match (&spec.study, &roster) {
        (Some(study), Some(roster)) => check(study, roster),
        _ => Ok(()),
    }
}

fn steps(instances: usize, at_exams: bool) -> String {
    match (instances, at_exams) {
        (_, true) => "a step an exam".to_owned(),
        (1, _) => "1 step".to_owned(),
        (several, _) => format!("{several} steps"),
    }
}

fn check(experiment: &Experiment, roster: &Roster) -> Result<(), Failure> {
    for part in Part::ALL {
        outln!("  {:5} {}", part.name(), classes(experiment, roster, part));
    }
    for (name, product) in augmentations(experiment) {
        outln!("  augment {name}: {product}");
    }
    for (file, takes) in weight_files(experiment)? {
        outln!("  weights {file}: {takes}");
    }
    Ok(())
}

fn classes(experiment: &Experiment, roster: &Roster, part: Part) -> String {
    let count = |class: &String| roster.part(part).filter(|exam| &exam.class == class).count();
    let classes: Vec<String> = experiment.cohort.classes.iter().map(|class| format!("{} {class}", count(class))).collect();
    format!("{} exams: {}", roster.part(part).count(), classes.join(", "))
}

/// Each weight file of the design and what each network takes of it, once.
fn weight_files(experiment: &Experiment) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = vec![];
    for model in &experiment.models {
        let (Start::File(path), train::Start::File { classifiers }) = (&model.start, &model.train.start) else { continue };
        let (network, classes) = (&model.train.network, model.train.classes.len());
        let fit = WeightFile::open(path)?.foresee(&network.name, network.width, classes, *classifiers)?;
        let line = (path.display().to_string(), format!("{} takes {}", network.name, told(&fit.layers())));
        if !found.contains(&line) {
            found.push(line);
        }
    }
    Ok(found)
}

/// Level and arithmetic of each augmentation of the design, once.
fn augmentations(experiment: &Experiment) -> Vec<(String, String)> {
    let mut found = vec![];
    for model in &experiment.models {
        let Some(recipe) = &model.augment else { continue };
        let name = model.levels.get("augment").cloned().unwrap_or_else(|| "all models".to_owned());
        let (windows, geometries, filters) = (recipe.windows.len(), recipe.geometry.len(), recipe.filter.len());
        let product = format!("{windows} windows x {geometries} geometries x {filters} filters = {}", recipe.product());
        if !found.contains(&(name.clone(), product.clone())) {
            found.push((name, product));
        }
    }
    found
}
