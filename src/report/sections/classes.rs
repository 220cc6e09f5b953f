//! How well each class is told, by name and by its own probability.

use super::accuracy::cell;
use super::by_model::by_model;
use super::operating::rate_data;
use crate::artifact::results::{Area, ClassArea, Estimate, ModelResult, Naming};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Footnotes, Series, Table};

/// A row a rater that names classes.
pub(super) fn table(study: &Study, named: &[(&ModelResult, &Naming)]) -> Table {
    let caption =
        (Series::Supplement, "Exams of each class that were named rightly, and the area of each class against the others.");
    let models: Vec<&ModelResult> = named.iter().map(|(model, _)| *model).collect();
    let mut table = by_model(study, caption, &columns(study), &models, |model, notes| row(study, model, notes));
    table.notes = vec![notes(study)];
    fill_data(study, &mut table, named);
    table
}

fn has_sides(study: &Study) -> bool {
    study.results.positive.len() > 1
}

/// With two classes each area is the other's, and that of Table 1 but for the rule over slices.
fn has_areas(study: &Study) -> bool {
    study.results.classes.len() > 2
}

fn columns(study: &Study) -> Vec<String> {
    let classes = || study.results.classes.iter();
    let side = has_sides(study).then(|| "Side right".to_owned());
    let areas = classes().filter(|_| has_areas(study)).map(|class| format!("AUC, {class}"));
    classes().cloned().chain(["All".to_owned()]).chain(side).chain(areas).collect()
}

fn row(study: &Study, model: &ModelResult, footnotes: &mut Footnotes) -> Vec<Cell> {
    let Some(naming) = &model.naming else { return Vec::new() };
    let rates = naming.rightly_named.iter().chain([&naming.accuracy]);
    let mut cells: Vec<Cell> = rates.map(|rate| cell(rate, number::rate, footnotes)).collect();
    cells.extend(naming.side.iter().map(|side| cell(side, number::rate, footnotes)));
    if has_areas(study) {
        let blank = study.results.classes.iter().filter(|_| model.one_vs_rest.is_empty()).map(|_| Cell::default());
        cells.extend(model.one_vs_rest.iter().map(|class| area(&class.area, footnotes)));
        cells.extend(blank);
    }
    cells
}

/// An area with its interval.
pub(super) fn area(area: &Estimate<Area>, footnotes: &mut Footnotes) -> Cell {
    let Estimate::Defined(value) = area else { return cell(area, |_| String::new(), footnotes) };
    let limits = cell(&value.interval, |interval| number::limits(interval.limits), footnotes);
    Cell { text: format!("{} ({})", number::area(value.auc), limits.text), ..limits }
}

fn notes(study: &Study) -> String {
    let level = number::percent(study.results.level);
    let side = if has_sides(study) {
        " Side right: of the positive exams called positive at the operating point, those whose own class was the most probable positive one."
    } else {
        ""
    };
    let areas =
        if has_areas(study) { " AUC: each class against all others by its own probability, averaged over slices." } else { "" };
    format!("Rates with {level} intervals by Clopper and Pearson.{side}{areas}")
}

fn fill_data(study: &Study, table: &mut Table, named: &[(&ModelResult, &Naming)]) {
    let header = ["model", "measure", "class", "value", "ci_low", "ci_high"];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = named.iter().flat_map(|(model, naming)| data_rows(study, model, naming)).collect();
}

fn data_rows(study: &Study, model: &ModelResult, naming: &Naming) -> Vec<Vec<String>> {
    let row = |measure: &str, class: &str, numbers: [String; 3]| {
        [model.name.as_str(), measure, class].map(String::from).into_iter().chain(numbers).collect()
    };
    let classes = study.results.classes.iter().zip(&naming.rightly_named);
    let rates = classes.map(|(class, rate)| row("rightly_named", class, rate_data(rate)));
    let all = row("rightly_named", "", rate_data(&naming.accuracy));
    let side = naming.side.iter().map(|side| row("side_right", "", rate_data(side)));
    let areas = model.one_vs_rest.iter().map(|class| row("auc", &class.class, area_data(class)));
    rates.chain([all]).chain(side).chain(areas).collect()
}

fn area_data(class: &ClassArea) -> [String; 3] {
    let Estimate::Defined(area) = &class.area else { return Default::default() };
    let limits = area.interval.defined().map(|interval| interval.limits.map(number::exact)).unwrap_or_default();
    let [low, high] = limits;
    [number::exact(area.auc), low, high]
}
