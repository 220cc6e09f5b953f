//! Whether the scores of each model are true as probabilities.

use anyhow::Result;

use super::Section;
use super::accuracy::{cell, exact_limits, reason};
use super::by_model::by_model;
use crate::artifact::results::{Calibration, ModelResult};
use crate::report::document::Block;
use crate::report::figure::{Figure, Reliability, of_design, reliability};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "calibration", heading: "Calibration", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let calibrated = study.results.models.iter().filter(|model| model.calibration.is_some());
    let models: Vec<&ModelResult> = calibrated.collect();
    if models.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Block::Table(table(study, &models)), Block::Figure(figure(study, &models)?)])
}

/// A panel a model: eight curves of ten bins on one sheet cannot be told apart.
fn figure(study: &Study, models: &[&ModelResult]) -> Result<Figure> {
    let lines = of_design(study.results);
    let curves = models.iter().filter_map(|model| {
        let bins = &model.calibration.as_ref()?.bins;
        let value = format!("Brier {:.3}", model.calibration.as_ref()?.brier);
        Some(Reliability { line: lines[model.name.as_str()], name: study.title(model), value, bins })
    });
    let panels = curves.map(|curve| reliability(&curve)).collect::<Result<_>>()?;
    let caption = format!(
        "Calibration on the test exams ({} positive, {} negative): the share of positive exams over the mean score in ten bins of equal width; those without \
         exams are left out. Dots grow with the number of exams; bars are Wilson's {} intervals; the grey line is perfect calibration.",
        number::count(study.results.n_positive),
        number::count(study.results.n_negative),
        number::percent(study.results.level)
    );
    Ok(Figure::new("calibration", caption, panels))
}

fn table(study: &Study, models: &[&ModelResult]) -> Table {
    let caption = (Series::Supplement, "Calibration of the scores as probabilities of a positive finding.");
    let columns = ["Brier score".into(), "ECE".into(), format!("Slope ({} CI)", number::percent(study.results.level))];
    let mut table = by_model(study, caption, &columns, models, |model, notes| {
        model.calibration.as_ref().map(|calibration| row(calibration, notes)).unwrap_or_default()
    });
    table.notes = vec![format!(
        "ECE: expected calibration error over ten bins of equal width. Slope: of the logistic model of the finding on the log odds of the \
         score; below 1 the scores are too extreme. Scores are those of exams, made of slices by the rule \u{201c}{}\u{201d}.",
        study.results.aggregate
    )];
    let header = ["model", "brier", "expected_error", "slope", "slope_ci_low", "slope_ci_high", "slope_undefined"];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = models.iter().filter_map(|model| data_row(model)).collect();
    table
}

fn row(calibration: &Calibration, footnotes: &mut Footnotes) -> Vec<Cell> {
    let slope = calibration.slope.defined().copied();
    let limits = cell(&calibration.slope_ci, |limits| limits.map(signed).join(", "), footnotes);
    let slope = slope.map_or(limits.clone(), |slope| Cell { text: format!("{} ({})", signed(slope), limits.text), ..limits });
    vec![Cell::from(format!("{:.3}", calibration.brier)), Cell::from(format!("{:.3}", calibration.expected_error)), slope]
}

fn signed(value: f64) -> String {
    number::difference(value)
}

fn data_row(model: &ModelResult) -> Option<Vec<String>> {
    let calibration = model.calibration.as_ref()?;
    let mut row = vec![model.name.clone(), number::exact(calibration.brier), number::exact(calibration.expected_error)];
    row.push(number::exact_or_empty(&calibration.slope));
    row.extend(exact_limits(&calibration.slope_ci));
    row.push(reason(&calibration.slope));
    Some(row)
}
