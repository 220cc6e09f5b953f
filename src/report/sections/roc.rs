//! The ROC curves of all models in one plot.

use anyhow::Result;

use super::Section;
use crate::artifact::results::ModelResult;
use crate::report::document::Block;
use crate::report::figure::{Curve, Figure, Line, of_design, roc};
use crate::report::number;
use crate::report::study::Study;

pub(super) const SECTION: Section = Section { id: "roc", heading: "ROC curves", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let lines = of_design(study.results);
    let curves: Vec<Curve> = study.results.models.iter().map(|model| curve(study, model, lines[model.name.as_str()])).collect();
    let panel = roc("ROC curves of all models", &curves, &[])?;
    let caption =
        "Empirical ROC curves of all models on the test exams, with the area under each curve. The grey line is chance.";
    Ok(vec![Block::Figure(Figure::new("roc", caption, vec![panel]))])
}

/// The curve of one model, its area beside its name.
pub(super) fn curve<'a>(study: &Study, model: &'a ModelResult, line: Line) -> Curve<'a> {
    Curve { line, name: study.title(model), value: format!("AUC {}", number::area(model.auc)), points: &model.roc }
}
