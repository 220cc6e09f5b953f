//! What each model called the exams of each class: with classes that carry a side, also whether the side was right.

use anyhow::Result;

use super::Section;
use crate::artifact::results::{ModelResult, Naming};
use crate::report::document::Block;
use crate::report::figure::{Figure, matrix};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "confusion", heading: "Named classes", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let classes = &study.results.classes;
    let named: Vec<(&ModelResult, &Naming)> =
        study.raters().filter_map(|model| Some((model, model.naming.as_ref()?))).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = Table::new(
        Series::Supplement,
        "Exams by reference standard and by the class that is named: for a model the most probable one.",
    );
    let keys: Vec<String> = study.key_names().into_iter().chain(["Reference".to_owned()]).collect();
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).collect();
    table.columns.extend(classes.iter().map(|class| Column::numbers(format!("Called {class}"))));
    table.rows = named.iter().flat_map(|(model, naming)| rows(study, model, naming)).collect();
    table.notes = vec!["Bold: exams whose class was named rightly.".to_owned()];
    table.data.header = ["model", "reference", "predicted", "exams"].map(String::from).to_vec();
    table.data.rows = named.iter().flat_map(|(model, naming)| data_rows(classes, model, naming)).collect();
    Ok(vec![Block::Table(super::classes::table(study, &named)), Block::Table(table), Block::Figure(figure(study, &named)?)])
}

fn figure(study: &Study, named: &[(&ModelResult, &Naming)]) -> Result<Figure> {
    let panels = named.iter().map(|(model, naming)| matrix(&study.title(model), &study.results.classes, &naming.confusion));
    let caption = "Confusion matrices: test exams by reference standard (rows) and by the class that is named (columns). The shade is the \
                   share of the row.";
    Ok(Figure::new("confusion", caption, panels.collect::<Result<_>>()?))
}

fn rows(study: &Study, model: &ModelResult, naming: &Naming) -> Vec<Vec<Cell>> {
    let row = |(reference, class): (usize, &String)| {
        let keys = study.keys(model).into_iter().chain([class.clone()]).map(Cell::from);
        let counts = naming.confusion[reference].iter().enumerate();
        keys.chain(counts.map(|(called, count)| Cell::from(number::count(*count)).strong_if(called == reference))).collect()
    };
    study.results.classes.iter().enumerate().map(row).collect()
}

fn data_rows(classes: &[String], model: &ModelResult, naming: &Naming) -> Vec<Vec<String>> {
    let cell = |reference: usize, called: usize| {
        let count = naming.confusion[reference][called].to_string();
        vec![model.name.clone(), classes[reference].clone(), classes[called].clone(), count]
    };
    (0..classes.len()).flat_map(|reference| (0..classes.len()).map(move |called| cell(reference, called))).collect()
}
