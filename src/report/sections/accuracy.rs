//! The area under the ROC curve of every model, as a table and as a forest plot.

use anyhow::Result;

use super::Section;
use super::summary::interval;
use crate::artifact::results::{Estimate, IntervalMethod, JointTest, ModelResult};
use crate::report::document::Block;
use crate::report::figure::{Figure, forest};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};

pub(super) const SECTION: Section = Section { id: "accuracy", heading: "Diagnostic accuracy", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let rows: Vec<_> = study.raters().map(|model| (study.title(model), model.auc, interval(model))).collect();
    let caption = format!(
        "Area under the ROC curve of each model with its {} confidence interval. The grey line is chance.",
        number::percent(study.results.level)
    );
    let figure = Block::Figure(Figure::new("auc", caption, vec![forest(&rows)?]));
    let joint = study.results.joint.as_ref().map(|joint| Block::Text(format!("All areas at once: {}.", together(joint))));
    Ok([Block::Table(table(study))].into_iter().chain(joint).chain([figure]).collect())
}

/// What the joint test of several areas says, without a full stop.
pub(super) fn together(joint: &JointTest) -> String {
    let models = number::counted(joint.models.len(), "model", "models");
    match &joint.test {
        Estimate::Defined(test) => format!(
            "H\u{2080}, {models} have one area: \u{3c7}\u{b2} = {} with {}, {}",
            number::ratio(test.statistic),
            number::counted(test.degrees, "degree of freedom", "degrees of freedom"),
            number::p_statement(&Estimate::Defined(test.p))
        ),
        Estimate::Undefined(why) => format!("H\u{2080}, {models} have one area: not estimable ({why})"),
    }
}

fn table(study: &Study) -> Table {
    let level = number::percent(study.results.level);
    let keys = study.key_names();
    let mut table = Table::new(Series::Main, "Area under the ROC curve (AUC) of each model on the test exams.");
    table.keys = keys.len();
    let numbers = [format!("AUC ({level} CI)"), format!("{level} CI, Wald")].map(Column::numbers);
    let updates = told(study).then(|| Column::numbers("Updates"));
    table.columns = keys.into_iter().map(Column::words).chain(numbers).chain(updates).collect();
    table.rows = study.raters().map(|model| row(study, model, &mut table.footnotes)).collect();
    table.notes = notes(study, &level);
    fill_data(study, &mut table);
    table
}

/// Whether the models differ in their number of updates, so that the table has to say it.
fn told(study: &Study) -> bool {
    study.tells_updates(&study.results.models)
}

fn notes(study: &Study, level: &str) -> Vec<String> {
    let method = format!(
        "Data in parentheses are {level} confidence intervals (CIs) by DeLong's variance on the logit scale, which keep their level near \
         0 and 1; Wald: DeLong's interval on the scale of the area, as most software prints it. Bold: largest AUC of a model."
    );
    let exams = format!(
        "{} with and {} without a positive finding.",
        number::counted(study.results.n_positive, "exam", "exams"),
        number::count(study.results.n_negative)
    );
    let seeds = "Scores are means over the seeds of a model.";
    let updates = "Updates: weight updates of each training; where they differ, so does the length of training.";
    let further = [study.has_seeds().then_some(seeds), told(study).then_some(updates)];
    [method, exams].into_iter().chain(further.into_iter().flatten().map(str::to_owned)).collect()
}

fn row(study: &Study, model: &ModelResult, footnotes: &mut Footnotes) -> Vec<Cell> {
    let is_best = !model.trainings.is_empty() && model.auc == study.best_auc();
    let cells = [area(model, footnotes).strong_if(is_best), wald(model, footnotes)];
    let updates = told(study).then(|| Cell::from(study.updates(model).map(number::count).unwrap_or_default()));
    study.keys(model).into_iter().map(Cell::from).chain(cells).chain(updates).collect()
}

const SEPARATED: &str =
    "DeLong's variance is 0 when the scores separate the classes completely; the interval given is the exact one.";

fn area(model: &ModelResult, footnotes: &mut Footnotes) -> Cell {
    let auc = number::area(model.auc);
    match &model.sound {
        Estimate::Defined(sound) => {
            let cell = Cell::from(format!("{auc} ({})", number::limits(sound.limits)));
            if sound.method == IntervalMethod::ExactSeparation { cell.marked(footnotes.mark(SEPARATED)) } else { cell }
        }
        Estimate::Undefined(why) => {
            Cell::from(format!("{auc} (CI {})", number::NOT_ESTIMABLE)).marked(footnotes.mark(sentence(why)))
        }
    }
}

/// DeLong's interval; where it is a single point it claims a certainty that is not there.
fn wald(model: &ModelResult, footnotes: &mut Footnotes) -> Cell {
    match &model.ci {
        Estimate::Defined([low, high]) if low == high => {
            let why = if [0.0, 1.0].contains(low) { SEPARATED } else { "DeLong's variance is 0: all scores are equal." };
            Cell::from(number::NOT_ESTIMABLE).marked(footnotes.mark(why))
        }
        interval => cell(interval, |limits| number::limits(*limits), footnotes),
    }
}

/// An estimate as a cell; one that does not exist points to its reason.
pub(super) fn cell<T>(estimate: &Estimate<T>, print: impl Fn(&T) -> String, footnotes: &mut Footnotes) -> Cell {
    match estimate {
        Estimate::Defined(value) => Cell::from(print(value)),
        Estimate::Undefined(why) => Cell::from(number::NOT_ESTIMABLE).marked(footnotes.mark(sentence(why))),
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
    let columns = ["auc", "se", "ci_low", "ci_high", "sound_ci_low", "sound_ci_high", "sound_method", "updates", "undefined"];
    table.data.header = ["model".to_owned()].into_iter().chain(factor_names(study)).chain(columns.map(String::from)).collect();
    table.data.rows = study.raters().map(|model| data_row(study, model)).collect();
}

fn data_row(study: &Study, model: &ModelResult) -> Vec<String> {
    let levels = factor_names(study).map(|factor| model.levels.get(&factor).cloned().unwrap_or_default());
    let (limits, method) = match &model.sound {
        Estimate::Defined(sound) => (sound.limits.map(number::exact), method(sound.method).to_owned()),
        Estimate::Undefined(_) => Default::default(),
    };
    let numbers = [number::exact(model.auc), number::exact_or_empty(&model.se)];
    let updates = study.updates(model).map(|updates| updates.to_string()).unwrap_or_default();
    let numbers =
        numbers.into_iter().chain(exact_limits(&model.ci)).chain(limits).chain([method, updates, reason(&model.sound)]);
    [model.name.clone()].into_iter().chain(levels).chain(numbers).collect()
}

fn method(method: IntervalMethod) -> &'static str {
    match method {
        IntervalMethod::LogitDelong => "logit_delong",
        IntervalMethod::ExactSeparation => "exact_separation",
    }
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
