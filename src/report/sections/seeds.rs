//! How areas scatter over seeds: what of a difference between two models may be luck.

use anyhow::Result;

use super::Section;
use super::by_model::by_model;
use crate::artifact::results::{ModelResult, Spread};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Series, Table};

pub(super) const SECTION: Section = Section { id: "seeds", heading: "Seeds", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let models: Vec<&ModelResult> = study.results.models.iter().filter(|model| model.spread.is_some()).collect();
    Ok(if models.is_empty() { Vec::new() } else { vec![Block::Table(table(study, &models))] })
}

fn table(study: &Study, models: &[&ModelResult]) -> Table {
    let caption = (Series::Supplement, "Area under the ROC curve of single seeds, and of the scores averaged over them.");
    let columns = ["Seeds", "Mean AUC", "SD", "Range", "AUC of the mean score"].map(String::from);
    let mut table =
        by_model(study, caption, &columns, models, |model, _| model.spread.map_or(Vec::new(), |spread| row(model, spread)));
    table.notes = vec!["SD: standard deviation over seeds. All other tables rest on the mean score.".to_owned()];
    table.data.header = ["model", "training", "seed", "auc"].map(String::from).to_vec();
    table.data.rows = models.iter().flat_map(|model| data_rows(model)).collect();
    table
}

fn row(model: &ModelResult, spread: Spread) -> Vec<Cell> {
    let numbers = [
        number::count(model.trainings.len()),
        number::area(spread.mean),
        format!("{:.3}", spread.sd),
        format!("{} to {}", number::area(spread.lowest), number::area(spread.highest)),
        number::area(model.auc),
    ];
    numbers.map(Cell::from).into()
}

fn data_rows(model: &ModelResult) -> impl Iterator<Item = Vec<String>> + '_ {
    model.trainings.iter().map(|training| {
        let seed = training.seed.clone().unwrap_or_default();
        vec![model.name.clone(), training.name.clone(), seed, number::exact(training.auc)]
    })
}
