//! What each training was: without the updates made, equal epochs look like equal training.

use anyhow::Result;

use super::Section;
use crate::artifact::TrainingRecord;
use crate::artifact::results::{ModelResult, TrainingResult};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};
use crate::weights::Left;

pub(super) const SECTION: Section = Section { id: "training", heading: "Training", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let trained = study.trained();
    if trained.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = Table::new(Series::Supplement, "Facts of each training.");
    let numbers = ["Images", "Epochs", "Updates", "Best epoch", "Tuning loss", "Parameters"];
    let seed = study.has_seeds().then(|| "seed".to_owned());
    let keys: Vec<String> = study.key_names().into_iter().chain(seed).collect();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).chain(numbers.map(Column::numbers)).collect();
    table.columns.push(Column::words("Start"));
    table.rows =
        trained.iter().map(|(model, training, record)| row(study, (model, training), record, &mut table.footnotes)).collect();
    table.notes = vec![
        "Images: training images after augmentation. Best epoch: the one whose weights were kept; tuning loss is its own."
            .to_owned(),
    ];
    fill_data(&mut table, &trained);
    Ok([Some(table), starting(study, &trained)].into_iter().flatten().map(Block::Table).collect())
}

fn row(
    study: &Study,
    (model, training): (&ModelResult, &TrainingResult),
    record: &TrainingRecord,
    footnotes: &mut Footnotes,
) -> Vec<Cell> {
    let counts = [record.updates, record.best_epoch].map(number::count);
    let rest = [number::loss(record.best_tune_loss), number::count(record.parameters)];
    let images = Cell::from(number::count(record.images));
    let start = Cell::from(record.start.clone());
    let start = match record.reinitialised.is_empty() {
        true => start,
        false => start
            .marked(footnotes.mark(format!("Layers not taken from the starting weights: {}.", names(&record.reinitialised)))),
    };
    let seed = study.has_seeds().then(|| training.seed.clone().unwrap_or_default());
    let keys = study.keys(model).into_iter().chain(seed).map(Cell::from);
    let numbers = counts.into_iter().chain(rest).map(Cell::from);
    keys.chain([images, epochs(record, footnotes)]).chain(numbers).chain([start]).collect()
}

fn names(left: &[Left]) -> String {
    left.iter().map(|left| left.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What became of the layers of each file of starting weights; none where every training started from its fillers.
fn starting(study: &Study, trained: &[(&ModelResult, &TrainingResult, &TrainingRecord)]) -> Option<Table> {
    let started: Vec<_> = trained.iter().filter(|(.., record)| !record.loaded.is_empty()).collect();
    if started.is_empty() {
        return None;
    }
    let mut table = Table::new(Series::Supplement, "Layers taken from starting weights.");
    let seed = study.has_seeds().then(|| "seed".to_owned());
    let keys: Vec<String> = study.key_names().into_iter().chain(seed).collect();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).chain([Column::numbers("Loaded")]).collect();
    table.columns.extend(["Re-initialised", "Ignored"].map(Column::words));
    let row = |(model, training, record): &&(&ModelResult, &TrainingResult, &TrainingRecord)| {
        let seed = study.has_seeds().then(|| training.seed.clone().unwrap_or_default());
        let fates = [number::count(record.loaded.len()), reasons(&record.reinitialised), reasons(&record.ignored)];
        study.keys(model).into_iter().chain(seed).chain(fates).map(Cell::from).collect()
    };
    table.rows = started.iter().map(row).collect();
    table.notes = vec!["Loaded: number of layers. Re-initialised: layers that kept their random start.".to_owned()];
    table.data.header = ["model", "layer", "fate", "reason"].map(String::from).to_vec();
    table.data.rows = started.iter().flat_map(|(_, training, record)| fates(training, record)).collect();
    Some(table)
}

/// Layers by the reason that they share.
fn reasons(left: &[Left]) -> String {
    let mut told: Vec<(&str, Vec<&str>)> = vec![];
    for Left { name, reason } in left {
        match told.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => told.push((reason, vec![name])),
        }
    }
    let told = told.into_iter().map(|(reason, names)| format!("{} ({reason})", names.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

fn fates(training: &TrainingResult, record: &TrainingRecord) -> Vec<Vec<String>> {
    let row = |layer: &str, fate: &str, reason: &str| [&training.name, layer, fate, reason].map(String::from).to_vec();
    let left =
        |fate: &'static str, left: &[Left]| left.iter().map(|left| row(&left.name, fate, &left.reason)).collect::<Vec<_>>();
    let loaded = record.loaded.iter().map(|layer| row(layer, "loaded", ""));
    loaded.chain(left("reinitialised", &record.reinitialised)).chain(left("ignored", &record.ignored)).collect()
}

/// Epochs trained, with a mark where that is not what was planned.
fn epochs(record: &TrainingRecord, footnotes: &mut Footnotes) -> Cell {
    let trained = Cell::from(number::count(record.epochs));
    if record.epochs == record.planned_epochs {
        return trained;
    }
    let planned = number::count(record.planned_epochs);
    trained.marked(footnotes.mark(format!("Stopped early, of {planned} epochs planned: the tuning loss had ceased to fall.")))
}

fn fill_data(table: &mut Table, trained: &[(&ModelResult, &TrainingResult, &TrainingRecord)]) {
    let header = [
        "model",
        "network",
        "parameters",
        "start",
        "images",
        "planned_epochs",
        "epochs",
        "updates",
        "best_epoch",
        "best_tune_loss",
    ];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = trained.iter().map(|(_, training, record)| data_row(training, record)).collect();
}

fn data_row(training: &TrainingResult, record: &TrainingRecord) -> Vec<String> {
    vec![
        training.name.clone(),
        record.network.clone(),
        record.parameters.to_string(),
        record.start.clone(),
        record.images.to_string(),
        record.planned_epochs.to_string(),
        record.epochs.to_string(),
        record.updates.to_string(),
        record.best_epoch.to_string(),
        number::exact(record.best_tune_loss),
    ]
}
