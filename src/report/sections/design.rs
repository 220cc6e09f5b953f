//! The models and how they differ.

use anyhow::Result;

use super::Section;
use crate::artifact::results::{Factor, ModelResult};
use crate::report::document::Block;
use crate::report::figure::{Figure, tree};
use crate::report::study::Study;
use crate::report::{number, prose};

pub(super) const SECTION: Section = Section { id: "design", heading: "Design", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let factors = &study.results.factors;
    if factors.is_empty() {
        return Ok(Vec::new());
    }
    let models = number::counted(study.results.models.len(), "model", "models");
    let told: Vec<String> = factors.iter().map(told).collect();
    let text = Block::Text(format!("{models} in a factorial design: {}.", told.join("; ")));
    let names: Vec<&str> = factors.iter().map(|factor| factor.name.as_str()).collect();
    let figure = tree(&models, &names, &leaves(study))?.map(|panel| {
        Block::Figure(Figure::new(
            "design",
            "Design of the experiment: each path from left to right is one model.",
            vec![panel],
        ))
    });
    Ok([text].into_iter().chain(figure).collect())
}

fn told(factor: &Factor) -> String {
    format!("{} ({})", factor.name, prose::list(&factor.levels))
}

fn leaves<'a>(study: &Study<'a>) -> Vec<Vec<&'a str>> {
    let results = study.results;
    let level = |model: &'a ModelResult, factor: &Factor| model.levels.get(&factor.name).map(String::as_str);
    let complete =
        results.models.iter().map(|model| results.factors.iter().map(|factor| level(model, factor)).collect::<Option<_>>());
    complete.flatten().collect()
}
