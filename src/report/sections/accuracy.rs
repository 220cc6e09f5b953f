//! The area under the ROC curve of every model, as a table and as a forest plot.

use anyhow::Result;

use super::Section;
use super::summary::interval;
use crate::artifact::results::{Estimate, ModelResult};
use crate::report::document::Block;
use crate::report::figure::{Figure, forest};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "accuracy", heading: "Diagnostic accuracy", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let rows: Vec<_> = study.results.models.iter().map(|model| (study.title(model), model.auc, interval(model))).collect();
    let caption = format!(
        "Area under the ROC curve of each model with its {} confidence interval. The grey line is chance.",
        number::percent(study.results.level)
    );
    Ok(vec![Block::Table(table(study)), Block::Figure(Figure::new("auc", caption, vec![forest(&rows)?]))])
}

fn table(study: &Study) -> Table {
    let level = number::percent(study.results.level);
    let keys = study.key_names();
    let mut table = Table::new(Series::Main, "Area under the ROC curve (AUC) of each model on the test exams.");
    table.keys = keys.len();
    table.columns = keys.into_iter().map(Column::words).chain([Column::numbers(format!("AUC ({level} CI)"))]).collect();
    table.columns.extend(study.tells_updates(&study.results.models).then(|| Column::numbers("Updates")));
    table.rows = study.results.models.iter().map(|model| row(study, model, &mut table.footnotes)).collect();
    table.notes = vec![
        format!("Data in parentheses are {level} confidence intervals (CIs) by the method of DeLong. Bold: largest AUC."),
        format!(
            "{} with and {} without a positive finding.",
            number::counted(study.results.n_positive, "exam", "exams"),
            number::count(study.results.n_negative)
        ),
    ];
    if study.tells_updates(&study.results.models) {
        table
            .notes
            .push("Updates: weight updates of each training; where they differ, so does the length of training.".to_owned());
    }
    fill_data(study, &mut table);
    table
}

fn row(study: &Study, model: &ModelResult, footnotes: &mut Footnotes) -> Vec<Cell> {
    let area = area(model, footnotes).strong_if(model.auc == study.best_auc());
    let told = study.tells_updates(&study.results.models);
    let updates = told.then(|| Cell::from(study.updates(model).map(number::count).unwrap_or_default()));
    study.keys(model).into_iter().map(Cell::from).chain([area]).chain(updates).collect()
}

fn area(model: &ModelResult, footnotes: &mut Footnotes) -> Cell {
    let auc = number::area(model.auc);
    match (&model.ci, model.exact_ci) {
        (_, Some(exact)) => {
            let why = "DeLong's variance is 0 when the scores separate the classes completely; this is the exact interval.";
            Cell::from(format!("{auc} ({})", number::limits(exact))).marked(footnotes.mark(why))
        }
        (Estimate::Defined(limits), None) => Cell::from(format!("{auc} ({})", number::limits(*limits))),
        (Estimate::Undefined(why), None) => {
            Cell::from(format!("{auc} (CI {})", number::NOT_ESTIMABLE)).marked(footnotes.mark(sentence(why)))
        }
    }
}

/// A reason as a footnote: with a capital and a full stop.
pub(super) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if reason.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

fn fill_data(study: &Study, table: &mut Table) {
    let columns = ["auc", "se", "ci_low", "ci_high", "exact_ci_low", "exact_ci_high", "updates", "undefined"];
    table.data.header = ["model".to_owned()].into_iter().chain(factor_names(study)).chain(columns.map(String::from)).collect();
    table.data.rows = study.results.models.iter().map(|model| data_row(study, model)).collect();
}

fn data_row(study: &Study, model: &ModelResult) -> Vec<String> {
    let levels = factor_names(study).map(|factor| model.levels.get(&factor).cloned().unwrap_or_default());
    let exact = model.exact_ci.map(|limits| limits.map(number::exact)).unwrap_or_default();
    let numbers = [number::exact(model.auc), number::exact_or_empty(&model.se)];
    let numbers = numbers.into_iter().chain(exact_limits(&model.ci)).chain(exact);
    let updates = study.updates(model).map(|updates| updates.to_string()).unwrap_or_default();
    let numbers = numbers.chain([updates, reason(&model.ci)]);
    [model.name.clone()].into_iter().chain(levels).chain(numbers).collect()
}

fn factor_names(study: &Study) -> impl Iterator<Item = String> {
    study.results.factors.iter().map(|factor| factor.name.clone())
}

/// Both limits at full precision, empty where there are none.
pub(super) fn exact_limits(interval: &Estimate<[f64; 2]>) -> [String; 2] {
    match interval {
        Estimate::Defined(limits) => limits.map(number::exact),
        Estimate::Undefined(_) => Default::default(),
    }
}

/// Why there is no estimate, empty where there is one.
pub(super) fn reason<T>(estimate: &Estimate<T>) -> String {
    match estimate {
        Estimate::Defined(_) => String::new(),
        Estimate::Undefined(why) => why.clone(),
    }
}
