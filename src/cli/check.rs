//! `bgh check`: every fault of a spec and of what it names, without running anything.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use rayon::prelude::*;

use super::headers::Headers;
use super::session::{self, SpecArguments};
use super::weights::told;
use super::{Exit, Failure};
use crate::history::{self, Runs};
use crate::plan::{self, Exam, ExamSource, Key, Part, Roster};
use crate::spec::{Experiment, Start};
use crate::stage::train;
use crate::weights::WeightFile;

/// Arguments of `bgh check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Print which exam and which patient each pseudonym stands for, and nothing else. Keep the list where the exams are kept
    #[arg(long)]
    pseudonyms: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = arguments.spec.read()?;
    let cache = arguments.spec.site.cache(&arguments.spec.site.read()?);
    let key = if arguments.pseudonyms { session::key(&spec, &cache)? } else { Key::of_nobody()? };
    let shown = Headers::shown();
    let roster = spec.study.as_ref().map(|study| Roster::of(study, &key)).transpose()?;
    drop(shown);
    if arguments.pseudonyms {
        return people(roster.as_ref());
    }
    let plan = plan::expand(&spec, roster.as_ref())?;
    let models = spec.study.as_ref().map_or(String::new(), |study| format!("{}, ", counted(study.models.len(), "model")));
    outln!("{}: {models}{}", arguments.spec.spec.display(), counted(plan.len(), "step"));
    for stage in &spec.stages {
        outln!("  stage {}: {}", stage.name, steps(stage.instances.len(), stage.replaces.is_some()));
    }
    match (&spec.study, &roster) {
        (Some(study), Some(roster)) => {
            check(study, roster)?;
            looks(&study.name, &cache)
        }
        _ => Ok(()),
    }
}

/// The pseudonyms as CSV.
fn people(roster: Option<&Roster>) -> Result<(), Failure> {
    let mut table = csv::Writer::from_writer(vec![]);
    let line = table.write_record(["exam", "patient", "named_exam", "named_patient"]);
    line.map_err(anyhow::Error::from)?;
    for exam in roster.iter().flat_map(|roster| roster.all()) {
        let person = &exam.person;
        table.write_record([&exam.id, &exam.patient, person.exam(), person.patient()]).map_err(anyhow::Error::from)?;
    }
    let bytes = table.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    super::out::text_of(format_args!("{}", String::from_utf8_lossy(&bytes)));
    Ok(())
}

fn steps(instances: usize, at_exams: bool) -> String {
    if at_exams { "a step an exam".to_owned() } else { counted(instances, "step") }
}

/// `1 step`, `2 steps`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn check(experiment: &Experiment, roster: &Roster) -> Result<(), Failure> {
    parts(experiment, roster);
    slices(roster)?;
    for (name, product) in augmentations(experiment) {
        outln!("  augment {name}: {product}");
    }
    for (file, takes) in weight_files(experiment)? {
        outln!("  weights {file}: {takes}");
    }
    Ok(())
}

/// How often models have looked at the test exams.
fn looks(experiment: &str, cache: &Path) -> Result<(), Failure> {
    let looks = history::looks(&Runs::at(cache), experiment)?;
    if let (Some(first), Some(last)) = (looks.first(), looks.last()) {
        outln!("  test exams: {}, from run {} to {}", counted(looks.len(), "look"), first.run, last.run);
    }
    for (step, count) in history::repeated(&looks) {
        outln!("  warning: {step} looked {count} times: a model that is changed by what the test exams say is tuned on them");
    }
    Ok(())
}

/// Who is in which part, that nobody is in two, and what of the table may leak.
fn parts(experiment: &Experiment, roster: &Roster) {
    let part = |part: Part| (part.name().to_owned(), roster.part(part).collect::<Vec<_>>());
    let fold = |fold| (format!("fold {fold}"), roster.exams.iter().filter(|exam| exam.fold == fold).collect());
    let mut parts: Vec<(String, Vec<&Exam>)> = match roster.folds {
        0 => Part::ALL.into_iter().map(part).collect(),
        folds => (1..=folds).map(fold).collect(),
    };
    let external = roster.external.iter();
    parts.extend(external.map(|(name, external)| (format!("external {name}"), external.exams.iter().collect())));
    parts.iter().for_each(|(name, exams)| outln!("  {name:5} {}", classes(experiment, exams)));
    let patients = |exams: &[&Exam]| exams.iter().map(|exam| exam.patient.clone()).collect::<BTreeSet<_>>();
    let sizes: Vec<usize> = parts.iter().map(|(_, exams)| patients(exams).len()).collect();
    let all: BTreeSet<String> = parts.iter().flat_map(|(_, exams)| patients(exams)).collect();
    let shared = sizes.iter().sum::<usize>() - all.len();
    outln!(
        "  patients: {} in {} parts, {shared} in two; step `disjoint` compares the images before training",
        all.len(),
        parts.len()
    );
    if let (exams @ 1.., images) = roster.texts() {
        outln!(
            "  warning: {images} images of {exams} exams may show text in their pixels (BurnedInAnnotation, secondary capture): look at them \
             before you pass anything on; `bgh inspect` names the files"
        );
    }
    for column in roster.telling_columns() {
        outln!(
            "  warning: column `{column}` of the label table tells the class of every exam: what made it may be visible in the images"
        );
    }
}

fn classes(experiment: &Experiment, exams: &[&Exam]) -> String {
    let count = |class: &String| exams.iter().filter(|exam| &exam.class == class).count();
    let classes: Vec<String> = experiment.cohort.classes.iter().map(|class| format!("{} {class}", count(class))).collect();
    format!("{} exams: {}", exams.len(), classes.join(", "))
}

/// Which slices will be used; every exam of which none can be is told.
fn slices(roster: &Roster) -> Result<(), Failure> {
    let exams: Vec<&Exam> = roster.all().collect();
    let foreseen: Vec<(&str, anyhow::Result<usize>)> = exams
        .into_par_iter()
        .filter_map(|exam| match &exam.source {
            ExamSource::Files(format, files) => Some((exam.person.exam(), format.foresee(files, &exam.slices))),
            ExamSource::Phantom(_) => None,
        })
        .collect();
    let told = |(exam, foreseen): &(&str, anyhow::Result<usize>)| {
        foreseen.as_ref().err().map(|error| format!("error: exam `{exam}`: {error:#}"))
    };
    let faults: Vec<String> = foreseen.iter().filter_map(told).collect();
    let counts: Vec<usize> = foreseen.iter().filter_map(|(_, foreseen)| foreseen.as_ref().ok().copied()).collect();
    if let (Some(least), Some(most)) = (counts.iter().min(), counts.iter().max()) {
        outln!("  slices: {} in {} exams, {least} to {most} an exam", counts.iter().sum::<usize>(), counts.len());
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(Exit::Spec, faults.join("\n"))) }
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
