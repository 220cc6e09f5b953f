//! The flow of the exams, from all that were looked at to those of each partition.

use anyhow::Result;

use super::Section;
use crate::report::document::Block;
use crate::report::figure::{Diagram, Figure};
use crate::report::number;
use crate::report::stage::Partition;
use crate::report::study::Study;

pub(super) const SECTION: Section = Section { id: "flow", heading: "Flow of the exams", blocks };

const WIDTH_MM: f64 = 174.0;

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let partitions = &study.params.cohort.partitions;
    if partitions.is_empty() {
        return Ok(vec![]);
    }
    let included: usize = partitions.iter().map(exams).sum();
    let excluded: usize = study.params.excluded.iter().map(|(_, count)| count).sum();
    let middle = (partitions.len() - 1) / 2;
    let mut diagram = Diagram::default();
    let mut row = 0;
    let screened = (excluded > 0).then(|| {
        let top = diagram.put((middle, 0), &[format!("Screened: {}", told(included + excluded))]);
        let reasons = study.params.excluded.iter().map(|(reason, count)| format!("{reason}: {}", number::count(*count)));
        let lines: Vec<String> = [format!("Excluded: {}", told(excluded))].into_iter().chain(reasons).collect();
        let aside = diagram.put((middle + 1, 0), &lines);
        diagram.lead(top, aside);
        row = 1;
        top
    });
    let kept = diagram.put((middle, row), &[format!("Included: {}", told(included))]);
    screened.into_iter().for_each(|screened| diagram.lead(screened, kept));
    for (column, partition) in partitions.iter().enumerate() {
        let classes = study
            .results
            .classes
            .iter()
            .map(|class| format!("{class}: {}", number::count(partition.exams.get(class).copied().unwrap_or(0))));
        let head = format!("{}: {}", partition.name, told(exams(partition)));
        let lines: Vec<String> = [head].into_iter().chain(classes).collect();
        let place = diagram.put((column, row + 1), &lines);
        diagram.lead(kept, place);
    }
    let panel =
        diagram.panel(WIDTH_MM, "Flow of the exams", "Boxes of exams, from those screened to those of each partition.")?;
    let rest = if excluded > 0 { "" } else { " Exclusions before the cohort was put together are not on record." };
    let caption = format!("Flow of {} into the partitions, with the exams of each class.{rest}", told(included + excluded));
    Ok(vec![Block::Figure(Figure::new("flow", caption, vec![panel]))])
}

fn exams(partition: &Partition) -> usize {
    partition.exams.values().sum()
}

fn told(count: usize) -> String {
    number::counted(count, "exam", "exams")
}
