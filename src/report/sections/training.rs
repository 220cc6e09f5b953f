//! What each training was: without the updates made, equal epochs look like equal training.

use anyhow::Result;

use super::Section;
use crate::artifact::TrainingRecord;
use crate::artifact::results::ModelResult;
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "training", heading: "Training", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let trained = study.trained();
    if trained.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = Table::new(Series::Supplement, "Facts of each training.");
    let numbers = ["Images", "Epochs", "Updates", "Best epoch", "Tuning loss", "Parameters"];
    let keys = study.key_names();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).chain(numbers.map(Column::numbers)).collect();
    table.columns.push(Column::words("Start"));
    table.rows = trained.iter().map(|(model, record)| row(study, model, record, &mut table.footnotes)).collect();
    table.notes = vec![
        "Images: training images after augmentation. Best epoch: the one whose weights were kept; tuning loss is its own."
            .to_owned(),
    ];
    fill_data(&mut table, &trained);
    Ok(vec![Block::Table(table)])
}

fn row(study: &Study, model: &ModelResult, record: &TrainingRecord, footnotes: &mut Footnotes) -> Vec<Cell> {
    let counts = [record.updates, record.best_epoch].map(number::count);
    let rest = [number::loss(record.best_tune_loss), number::count(record.parameters)];
    let images = Cell::from(number::count(record.images));
    let start = Cell::from(record.start.clone());
    let start = match record.reinitialised.is_empty() {
        true => start,
        false => start.marked(
            footnotes.mark(format!("Layers not taken from the starting weights: {}.", record.reinitialised.join(", "))),
        ),
    };
    let keys = study.keys(model).into_iter().map(Cell::from);
    let numbers = counts.into_iter().chain(rest).map(Cell::from);
    keys.chain([images, epochs(record, footnotes)]).chain(numbers).chain([start]).collect()
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

fn fill_data(table: &mut Table, trained: &[(&ModelResult, &TrainingRecord)]) {
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
    table.data.rows = trained.iter().map(|(model, record)| data_row(model, record)).collect();
}

fn data_row(model: &ModelResult, record: &TrainingRecord) -> Vec<String> {
    vec![
        model.name.clone(),
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
