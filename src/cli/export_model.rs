//! `bgh export-model`: a trained model as one file, with all that it takes to apply it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::session::{Session, SpecArguments};
use super::{Exit, Failure};
use crate::artifact::Files;
use crate::artifact::results::Results;
use crate::execute::{Executor, Options};
use crate::plan::{Card, Key, Part, Roster};
use crate::spec::{Experiment, Model, Slices, Source};
use crate::store::Store;

/// Arguments of `bgh export-model`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// The model, by name (`x48-googlenet-pretrained`)
    model: String,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let Some(study) = &session.spec.study else {
        return Err(Failure::new(Exit::Spec, "error: the spec has no study, and so no model".to_owned()));
    };
    let step = format!("train[{}]", arguments.model);
    session.matching(&step)?;
    let Some(model) = study.models.iter().find(|model| model.name == arguments.model) else {
        return Err(Failure::new(Exit::Spec, format!("error: `{}` is no model of the design alone", arguments.model)));
    };
    let untrained = || {
        let fact = format!("error: model `{}` has no results yet", arguments.model);
        Failure::new(Exit::Stage, format!("{fact}\n  hint: `bgh run` trains and tests it"))
    };
    let made = made(&session, &step, "model")?.ok_or_else(untrained)?;
    let results = self::made(&session, "compare", "results")?.ok_or_else(untrained)?;
    let card = card(study, model, &Results::open(&results)?)?;
    write(&card, &made, &arguments.to)?;
    let call = card.threshold.map_or("no threshold".to_owned(), |threshold| format!("threshold {threshold:.3}"));
    outln!("{}: {} of {}, {call}", arguments.to.display(), card.model, card.experiment);
    Ok(())
}

/// What a step made at a port, if it has a result.
fn made(session: &Session, label: &str, port: &str) -> Result<Option<Files>, Failure> {
    let options = Options { experiment: session.spec.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    let store: &Store = &session.store;
    let step = session.matching(label)?[0];
    Ok(executor.output(step, port).map(|artifact| store.files(artifact)))
}

fn card(study: &Experiment, model: &Model, results: &Results) -> Result<Card, Failure> {
    let (format, kinds, libtorch) = Card::versions();
    let judged = results.models.iter().find(|judged| judged.trainings.iter().any(|training| training.name == model.name));
    // The threshold of several seeds is one of their mean score.
    let alone = judged.filter(|judged| judged.trainings.len() == 1);
    let threshold = alone.and_then(|judged| judged.operating.defined()).and_then(|point| point.threshold);
    let slices = match &study.cohort.source {
        Source::Folder(folder) => folder.slices.clone(),
        Source::Phantom(_) => Slices::All,
    };
    Ok(Card {
        format,
        model: model.name.clone(),
        experiment: study.name.clone(),
        classes: study.cohort.classes.clone(),
        positive: study.cohort.positive.clone(),
        slices,
        window: model.images.window,
        size: model.images.size,
        fit: model.images.fit,
        predict: model.predict.clone(),
        aggregate: study.evaluate.aggregate,
        threshold,
        operating_rule: results.operating_rule.clone(),
        trained_on: Roster::of(study, &Key::of_nobody()?)?.part(Part::Train).count(),
        auc: alone.map(|judged| judged.auc),
        kinds,
        libtorch,
        files: std::collections::BTreeMap::new(),
    })
}

fn write(card: &Card, model: &Files, to: &Path) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", to.display());
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder).with_context(place)?;
    card.write(model, &mut aside)?;
    aside.persist(to).with_context(place)?;
    Ok(())
}
