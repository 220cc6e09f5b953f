//! The answer first: the best model, what each comparison found, and what the author wants known.

use anyhow::Result;

use super::Section;
use crate::artifact::results::{ComparisonResult, Contrast, Estimate, ModelResult};
use crate::report::document::Block;
use crate::report::study::Study;
use crate::report::{number, prose};

pub(super) const SECTION: Section = Section { id: "summary", heading: "Summary", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let notes: Vec<String> = super::canary::alarm(study).into_iter().chain(study.params.notes.iter().cloned()).collect();
    let key = Block::Key(key(study));
    let remarks = (!notes.is_empty()).then_some(Block::Remarks(notes));
    let findings = study.results.comparisons.iter().map(|comparison| Block::Text(finding(study, comparison)));
    Ok([key].into_iter().chain(remarks).chain(findings).collect())
}

fn key(study: &Study) -> String {
    let (results, auc) = (study.results, study.best_auc());
    let best: Vec<&ModelResult> = results.models.iter().filter(|model| model.auc == auc).collect();
    let names: Vec<String> = best.iter().map(|model| study.title(model)).collect();
    let interval = match (&best[..], best.first().and_then(|model| interval(model))) {
        ([_], Some(limits)) => format!(" ({} CI: {})", number::percent(results.level), number::limits(limits)),
        _ => String::new(),
    };
    format!(
        "Of {}, {} had the largest area under the ROC curve: {}{interval} on {} ({} positive, {} negative).",
        number::counted(results.models.len(), "model", "models"),
        prose::list(&names),
        number::area(auc),
        number::counted(results.n_positive + results.n_negative, "test exam", "test exams"),
        number::count(results.n_positive),
        number::count(results.n_negative),
    )
}

/// The interval to print, where there is one.
pub(super) fn interval(model: &ModelResult) -> Option<[f64; 2]> {
    model.sound.defined().map(|sound| sound.limits)
}

fn finding(study: &Study, comparison: &ComparisonResult) -> String {
    let level = 1.0 - study.results.level;
    let significant = |row: &&Contrast| matches!(row.p_holm, Estimate::Defined(p) if p < level);
    let told: Vec<String> = comparison.rows.iter().filter(significant).map(|row| contrast(study, row)).collect();
    let head = format!(
        "{}: {} of {}",
        comparison.asked.title,
        told.len(),
        number::counted(comparison.rows.len(), "contrast", "contrasts")
    );
    let bound = number::exact((level * 1e9).round() / 1e9);
    let tail = if told.is_empty() { String::new() } else { format!(": {}", prose::list(&told)) };
    format!("{head} with a Holm-adjusted p below {bound}{tail}.")
}

fn contrast(study: &Study, row: &Contrast) -> String {
    let title = |name: &String| study.results.model(name).map_or_else(|| name.clone(), |model| study.title(model));
    format!(
        "{} against {} (difference in AUC {}, {})",
        title(&row.a),
        title(&row.b),
        number::difference(row.difference),
        number::p_statement(&row.p_holm)
    )
}
