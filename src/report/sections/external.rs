//! Every model on cohorts from elsewhere, with the thresholds that the tuning exams chose.

use anyhow::Result;

use super::Section;
use super::accuracy::cell;
use crate::artifact::results::{Estimate, ModelResult, Operating, Rate, Results};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "external", heading: "External validation", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    if study.external.is_empty() {
        return Ok(Vec::new());
    }
    let text = "Models and thresholds are those of the study; nothing was fitted or chosen on these cohorts.".to_owned();
    let tables = study.external.iter().map(|(name, results)| Block::Table(table(study, name, results)));
    Ok([Block::Text(text)].into_iter().chain(tables).collect())
}

fn table(study: &Study, cohort: &str, results: &Results) -> Table {
    let caption = format!(
        "Every model on {} of the external cohort {cohort} ({} positive, {} negative).",
        number::counted(results.n_positive + results.n_negative, "exam", "exams"),
        number::count(results.n_positive),
        number::count(results.n_negative)
    );
    let mut table = Table::new(Series::Main, caption);
    let level = number::percent(results.level);
    let numbers = [
        "AUC, own test".to_owned(),
        "AUC".to_owned(),
        format!("{level} CI"),
        format!("Sensitivity ({level} CI)"),
        format!("Specificity ({level} CI)"),
    ];
    table.columns = study.key_names().iter().map(Column::words).chain(numbers.map(Column::numbers)).collect();
    table.rows = results.models.iter().map(|model| row(study, model, &mut table.footnotes)).collect();
    table.notes = vec!["Sensitivity and specificity at the threshold that was chosen on the tuning exams.".to_owned()];
    table.data.header =
        ["model", "own_auc", "auc", "ci_low", "ci_high", "sensitivity", "specificity"].map(String::from).to_vec();
    table.data.rows = results.models.iter().map(|model| data(study, model)).collect();
    table
}

fn own(study: &Study, model: &ModelResult) -> Option<f64> {
    study.results.model(&model.name).map(|own| own.auc)
}

fn row(study: &Study, model: &ModelResult, footnotes: &mut Footnotes) -> Vec<Cell> {
    let mut row: Vec<Cell> = study.keys(model).into_iter().map(Cell::from).collect();
    row.push(Cell::from(own(study, model).map(number::area).unwrap_or_default()));
    row.push(Cell::from(number::area(model.auc)));
    row.push(cell(&model.sound, |sound| number::limits(sound.limits), footnotes));
    for rate in [|point: &Operating| &point.sensitivity, |point: &Operating| &point.specificity] as [Share; 2] {
        row.push(match &model.operating {
            Estimate::Defined(point) => cell(rate(point), number::rate, footnotes),
            undefined @ Estimate::Undefined(_) => cell(undefined, |_| String::new(), footnotes),
        });
    }
    row
}

/// One of the shares of an operating point.
type Share = fn(&Operating) -> &Estimate<Rate>;

fn data(study: &Study, model: &ModelResult) -> Vec<String> {
    let limits = model.sound.defined().map(|sound| sound.limits.map(number::exact)).unwrap_or_default();
    let point = model.operating.defined();
    let share =
        |rate: Share| point.and_then(|point| rate(point).defined()).map_or(String::new(), |rate| number::exact(rate.value));
    let areas = [own(study, model).map(number::exact).unwrap_or_default(), number::exact(model.auc)];
    let shares = [share(|point| &point.sensitivity), share(|point| &point.specificity)];
    [model.name.clone()].into_iter().chain(areas).chain(limits).chain(shares).collect()
}
