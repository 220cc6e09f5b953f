//! That the parts share neither patients nor images.

use anyhow::Result;

use super::Section;
use crate::artifact::{Disjoint, Overlap, PartProof};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "disjoint", heading: "Disjointness of the parts", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let Some(proof) = study.proof else { return Ok(Vec::new()) };
    let crossing: Vec<&Overlap> = proof.overlaps.iter().filter(|overlap| overlap.crosses()).collect();
    let mut blocks = vec![Block::Text(text(proof, &crossing)), Block::Table(parts(proof))];
    blocks.extend((!crossing.is_empty()).then(|| Block::Table(acknowledged(&crossing))));
    Ok(blocks)
}

fn text(proof: &Disjoint, crossing: &[&Overlap]) -> String {
    let rule = match proof.near {
        Some(near) => format!("equal pixels, or a correlation of detail of at least {near}"),
        None => "equal pixels".to_owned(),
    };
    let found = match crossing.len() {
        0 => "none was in two parts".to_owned(),
        count => {
            format!("{} in two parts, which the author knows of and lists", number::counted(count, "pair is", "pairs are"))
        }
    };
    let within = proof.overlaps.len() - crossing.len();
    let within = match within {
        0 => String::new(),
        count => format!(" Within a part, {} of two exams.", number::counted(count, "pair is", "pairs are")),
    };
    format!(
        "No patient is in two parts. Before training, every image of a part was compared with every image of the others; of pairs that count \
         as one image ({rule}), {found}.{within}"
    )
}

fn parts(proof: &Disjoint) -> Table {
    let mut table = Table::new(Series::Supplement, "What was compared between the parts.");
    let names = ["Patients", "Exams", "Images", "Compared"];
    table.columns = [Column::words("Part")].into_iter().chain(names.map(Column::numbers)).collect();
    let counts = |part: &PartProof| [part.patients, part.exams, part.images, part.compared];
    let row = |part: &PartProof| {
        [Cell::from(part.name.clone())].into_iter().chain(counts(part).map(|count| Cell::from(number::count(count))))
    };
    table.rows = proof.parts.iter().map(|part| row(part).collect()).collect();
    table.notes =
        vec!["Images are counted before augmentation. Not compared is what shows nothing, as air above a head.".to_owned()];
    table.data.header = ["part", "patients", "exams", "images", "compared"].map(String::from).to_vec();
    let data = |part: &PartProof| [part.name.clone()].into_iter().chain(counts(part).map(|count| count.to_string())).collect();
    table.data.rows = proof.parts.iter().map(data).collect();
    table
}

fn acknowledged(crossing: &[&Overlap]) -> Table {
    let mut table = Table::new(Series::Supplement, "Acknowledged likenesses between parts.");
    table.columns = vec![
        Column::words("Image"),
        Column::words("Part"),
        Column::words("Image"),
        Column::words("Part"),
        Column::numbers("Likeness"),
    ];
    let row = |overlap: &&Overlap| {
        let image = |exam: &String, slice: usize| format!("{exam}, slice {}", slice + 1);
        let likeness = if overlap.exact { "equal".to_owned() } else { number::exact(overlap.likeness) };
        [
            image(&overlap.exam_a, overlap.slice_a),
            overlap.part_a.clone(),
            image(&overlap.exam_b, overlap.slice_b),
            overlap.part_b.clone(),
            likeness,
        ]
        .map(Cell::from)
        .to_vec()
    };
    table.rows = crossing.iter().map(row).collect();
    table.data.header =
        ["exam_a", "slice_a", "part_a", "exam_b", "slice_b", "part_b", "exact", "likeness"].map(String::from).to_vec();
    table.data.rows = crossing.iter().map(|overlap| data(overlap)).collect();
    table
}

fn data(overlap: &Overlap) -> Vec<String> {
    vec![
        overlap.exam_a.clone(),
        overlap.slice_a.to_string(),
        overlap.part_a.clone(),
        overlap.exam_b.clone(),
        overlap.slice_b.to_string(),
        overlap.part_b.clone(),
        overlap.exact.to_string(),
        number::exact(overlap.likeness),
    ]
}
