//! Models trained on permuted labels: if one of them tells the test exams apart, something leaks.

use anyhow::Result;

use super::Section;
use super::accuracy::{cell, reason};
use crate::artifact::results::CanaryResult;
use crate::report::document::Block;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};
use crate::report::{number, prose};

pub(super) const SECTION: Section = Section { id: "canary", heading: "Leakage canary", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let canaries = &study.results.canaries;
    if canaries.is_empty() {
        return Ok(Vec::new());
    }
    let level = number::percent(study.results.level);
    let mut table = Table::new(Series::Supplement, "Models trained on permuted labels, on the true labels of the test exams.");
    let names = [format!("AUC ({level} CI)"), "Chance".to_owned()];
    table.columns = [Column::words("Model")].into_iter().chain(names.map(Column::numbers)).collect();
    table.rows = canaries.iter().map(|canary| row(canary, &mut table.footnotes)).collect();
    table.notes = vec![format!(
        "Classes were permuted among the development patients. Chance: whether the interval holds 0.5, as {level} of such intervals do \
         where nothing leaks. A permutation of few exams can agree with the truth by chance, in either direction: one canary off chance is a \
         reason to look closer and to try another seed, not a proof. These areas are in no comparison."
    )];
    table.data.header = ["model", "auc", "ci_low", "ci_high", "is_chance", "undefined"].map(String::from).to_vec();
    table.data.rows = canaries.iter().map(data_row).collect();
    Ok(vec![Block::Text(verdict(study)), Block::Table(table)])
}

fn verdict(study: &Study) -> String {
    alarm(study).unwrap_or_else(|| {
        "Every canary is at chance: nothing speaks for a leak from the development exams to the test exams.".to_owned()
    })
}

/// What must not be overlooked: the canaries that are not at chance.
pub(super) fn alarm(study: &Study) -> Option<String> {
    let suspicious = study.results.canaries.iter().filter(|canary| !canary.is_chance());
    let names: Vec<String> = suspicious.map(|canary| format!("{} (AUC {})", canary.name, number::area(canary.auc))).collect();
    (!names.is_empty()).then(|| {
        format!(
            "WARNING: trained on permuted labels, {} should be at chance and {} not. Look for a leak between the development and the \
             test exams before believing any area of this report.",
            prose::list(&names),
            if names.len() == 1 { "is" } else { "are" }
        )
    })
}

fn row(canary: &CanaryResult, footnotes: &mut Footnotes) -> Vec<Cell> {
    let limits = cell(&canary.interval, |interval| number::limits(interval.limits), footnotes);
    let area = Cell { text: format!("{} ({})", number::area(canary.auc), limits.text), ..limits };
    let chance = Cell::from(if canary.is_chance() { "yes" } else { "no" }).strong_if(!canary.is_chance());
    vec![Cell::from(canary.name.clone()), area, chance]
}

fn data_row(canary: &CanaryResult) -> Vec<String> {
    let limits = canary.interval.defined().map(|interval| interval.limits.map(number::exact)).unwrap_or_default();
    let facts = [canary.name.clone(), number::exact(canary.auc)].into_iter().chain(limits);
    facts.chain([canary.is_chance().to_string(), reason(&canary.interval)]).collect()
}
