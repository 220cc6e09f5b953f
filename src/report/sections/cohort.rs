//! Who was examined, and which exams trained, tuned and tested.

use anyhow::Result;

use super::Section;
use crate::report::document::Block;
use crate::report::number;
use crate::report::prose;
use crate::report::stage::Partition;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "cohort", heading: "Cohort and partitions", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let positive = prose::list(&study.results.positive);
    let text = format!("{} Positive for the ROC analysis: {positive}. {}", study.params.cohort.source, division(study));
    let table = (!study.params.cohort.partitions.is_empty()).then(|| Block::Table(table(study)));
    Ok([Block::Text(text)].into_iter().chain(table).collect())
}

fn division<'a>(study: &Study<'a>) -> &'a str {
    match study.params.cohort.division.as_str() {
        "" => "Exams were divided by patient.",
        told => told,
    }
}

fn table(study: &Study) -> Table {
    let partitions = &study.params.cohort.partitions;
    let with_images = partitions.iter().any(|partition| partition.images.is_some());
    let mut header = vec!["Partition".to_owned()];
    header.extend(study.results.classes.iter().cloned());
    header.push("Exams".to_owned());
    header.extend(with_images.then(|| "Images".to_owned()));
    let mut table = Table::new(Series::Supplement, "Exams of each class in each partition.");
    table.columns = header.iter().enumerate().map(column).collect();
    table.rows = partitions.iter().map(|partition| row(study, partition, with_images, number::count)).map(cells).collect();
    table.data.rows =
        partitions.iter().map(|partition| row(study, partition, with_images, |count| count.to_string())).collect();
    table.data.header = header;
    table.notes.extend(with_images.then(|| "Images are counted before augmentation.".to_owned()));
    table
}

fn column((position, name): (usize, &String)) -> Column {
    if position == 0 { Column::words(name) } else { Column::numbers(name) }
}

fn cells(row: Vec<String>) -> Vec<Cell> {
    row.into_iter().map(Cell::from).collect()
}

fn row(study: &Study, partition: &Partition, with_images: bool, print: fn(usize) -> String) -> Vec<String> {
    let of_class = |class: &String| partition.exams.get(class).copied().unwrap_or(0);
    let mut row = vec![partition.name.clone()];
    row.extend(study.results.classes.iter().map(|class| print(of_class(class))));
    row.push(print(partition.exams.values().sum()));
    row.extend(with_images.then(|| partition.images.map(print).unwrap_or_default()));
    row
}
