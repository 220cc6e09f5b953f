//! What each model called the exams of each class: with classes that carry a side, also whether the side was right.

use anyhow::Result;

use super::Section;
use crate::artifact::results::ModelResult;
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "confusion", heading: "Confusion of classes", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let classes = &study.results.classes;
    let mut table = Table::new(Series::Supplement, "Exams by reference standard and by the most probable class of each model.");
    let keys: Vec<String> = study.key_names().into_iter().chain(["Reference".to_owned()]).collect();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).collect();
    table.columns.extend(classes.iter().map(|class| Column::numbers(format!("Called {class}"))));
    table.rows = study.results.models.iter().flat_map(|model| rows(study, model)).collect();
    table.notes = vec!["Bold: exams whose class was named rightly.".to_owned()];
    table.data.header = ["model", "reference", "predicted", "exams"].map(String::from).to_vec();
    table.data.rows = study.results.models.iter().flat_map(|model| data_rows(classes, model)).collect();
    Ok(vec![Block::Table(table)])
}

fn rows(study: &Study, model: &ModelResult) -> Vec<Vec<Cell>> {
    let row = |(reference, class): (usize, &String)| {
        let keys = study.keys(model).into_iter().chain([class.clone()]).map(Cell::from);
        let counts = model.confusion[reference].iter().enumerate();
        keys.chain(counts.map(|(called, count)| Cell::from(number::count(*count)).strong_if(called == reference))).collect()
    };
    study.results.classes.iter().enumerate().map(row).collect()
}

fn data_rows(classes: &[String], model: &ModelResult) -> Vec<Vec<String>> {
    let cell = |reference: usize, called: usize| {
        let count = model.confusion[reference][called].to_string();
        vec![model.name.clone(), classes[reference].clone(), classes[called].clone(), count]
    };
    (0..classes.len()).flat_map(|reference| (0..classes.len()).map(move |called| cell(reference, called))).collect()
}
