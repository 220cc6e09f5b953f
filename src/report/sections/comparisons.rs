//! One table and one figure for each comparison that the experiment asks for.

use anyhow::Result;

use super::Section;
use super::accuracy::{exact_limits, reason, sentence, together};
use super::roc::curve;
use crate::artifact::results::{Comparison, ComparisonResult, Contrast, Estimate, ModelResult};
use crate::report::document::Block;
use crate::report::figure::{Figure, Panel, of_pair, roc};
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Footnotes, Series, Table};
use crate::report::{number, prose};

pub(super) const SECTION: Section = Section { id: "comparisons", heading: "Comparisons", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let asked = study.results.comparisons.iter().enumerate().filter(|(_, comparison)| !comparison.rows.is_empty());
    let blocks = asked.map(|(position, comparison)| {
        let pairs: Vec<Pair> = comparison.rows.iter().map(|row| Pair::of(study, row)).collect::<Result<_>>()?;
        let table = Block::Table(View { study, comparison: &comparison.asked, pairs: &pairs }.table());
        let joint = joint(study, comparison);
        Ok([Some(table), joint, Some(Block::Figure(figure(study, position, &pairs)?))])
    });
    Ok(blocks.collect::<Result<Vec<_>>>()?.into_iter().flatten().flatten().collect())
}

/// All levels at once, where a factor has more than two.
fn joint(study: &Study, comparison: &ComparisonResult) -> Option<Block> {
    let title = |name: &String| study.results.model(name).map_or_else(|| name.clone(), |model| study.title(model));
    let told = comparison.joint.iter().map(|joint| {
        let names: Vec<String> = joint.models.iter().map(title).collect();
        format!("{} ({})", together(joint), prose::list(&names))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| Block::Text(format!("All levels at once: {}.", told.join("; "))))
}

/// A contrast with its models.
struct Pair<'a> {
    contrast: &'a Contrast,
    models: [&'a ModelResult; 2],
    /// Weight updates of both trainings, where both are known.
    updates: Option<[usize; 2]>,
}

impl<'a> Pair<'a> {
    fn of(study: &Study<'a>, contrast: &'a Contrast) -> Result<Self> {
        let models = study.pair(contrast)?;
        let [a, b] = models.map(|model| study.updates(model));
        Ok(Self { contrast, models, updates: a.zip(b).map(<[usize; 2]>::from) })
    }

    fn levels(&self, factor: &str) -> [String; 2] {
        self.models.map(|model| model.levels.get(factor).unwrap_or(&model.name).clone())
    }
}

fn figure(study: &Study, position: usize, pairs: &[Pair]) -> Result<Figure> {
    let panels = pairs.iter().map(|pair| panel(study, pair)).collect::<Result<_>>()?;
    let caption = format!(
        "{}. ROC curves of each contrast; p by DeLong's paired test, as it is and adjusted by Holm's method.",
        study.results.comparisons[position].asked.title
    );
    Ok(Figure::new(format!("comparison{}", position + 1), caption, panels))
}

fn panel(study: &Study, pair: &Pair) -> Result<Panel> {
    let [a, b] = of_pair();
    let curves = [curve(study, pair.models[0], a), curve(study, pair.models[1], b)];
    let test = match &pair.contrast.p_holm {
        Estimate::Defined(_) => {
            format!("{} (Holm: {})", number::p_statement(&pair.contrast.p), number::p_statement(&pair.contrast.p_holm))
        }
        Estimate::Undefined(_) => number::p_statement(&pair.contrast.p),
    };
    roc(&format!("ROC curves of {} and {}", curves[0].name, curves[1].name), &curves, &[test])
}

struct View<'a> {
    study: &'a Study<'a>,
    comparison: &'a Comparison,
    pairs: &'a [Pair<'a>],
}

impl View<'_> {
    fn table(&self) -> Table {
        let mut table = Table::new(Series::Main, format!("{}.", self.comparison.title));
        table.columns = self.columns();
        table.keys = self.keys();
        table.rows = self.pairs.iter().map(|pair| self.row(pair, &mut table.footnotes)).collect();
        table.notes = self.notes();
        table.data.header = self.data_header();
        table.data.rows = self.pairs.iter().map(|pair| self.data_row(pair)).collect();
        table
    }

    /// The two levels, where all rows compare the same ones.
    fn common_levels(&self) -> Option<[String; 2]> {
        let mut levels = self.pairs.iter().map(|pair| pair.levels(&self.comparison.factor));
        let first = levels.next()?;
        levels.all(|other| other == first).then_some(first)
    }

    fn with_updates(&self) -> bool {
        self.pairs.iter().any(|pair| self.study.tells_updates(pair.models))
    }

    /// Columns that name a row: the factors within it; where levels change from row to row, also those; never none.
    fn keys(&self) -> usize {
        (self.comparison.within.len() + if self.common_levels().is_some() { 0 } else { 2 }).max(1)
    }

    fn columns(&self) -> Vec<Column> {
        let level = number::percent(self.study.results.level);
        let factor = &self.comparison.factor;
        let mut columns: Vec<Column> = self.comparison.within.iter().map(Column::words).collect();
        match self.common_levels() {
            Some([a, b]) => {
                columns.extend(self.comparison.within.is_empty().then(|| Column::words(factor)));
                columns.extend([a, b].map(|level| Column::numbers(format!("AUC, {level}"))));
            }
            None => {
                columns.extend([format!("{factor}, a"), format!("{factor}, b")].map(Column::words));
                columns.extend(["AUC, a", "AUC, b"].map(Column::numbers));
            }
        }
        columns.extend([format!("Difference ({level} CI)"), "p".to_owned(), "p, Holm".to_owned()].map(Column::numbers));
        columns.extend(self.with_updates().then(|| Column::numbers("Updates")));
        columns
    }

    fn row(&self, pair: &Pair, footnotes: &mut Footnotes) -> Vec<Cell> {
        let within = self.comparison.within.iter().map(|factor| pair.models[0].levels.get(factor).cloned().unwrap_or_default());
        let mut cells: Vec<Cell> = within.map(Cell::from).collect();
        let [a, b] = pair.levels(&self.comparison.factor);
        match self.common_levels() {
            Some(_) => cells.extend(self.comparison.within.is_empty().then(|| Cell::from(format!("{a} \u{2212} {b}")))),
            None => cells.extend([a, b].map(Cell::from)),
        }
        cells.extend(pair.models.map(|model| Cell::from(number::area(model.auc)).strong_if(model.auc == self.best())));
        cells.push(difference(pair.contrast, footnotes));
        let note = pair.contrast.note.as_deref();
        cells.extend([&pair.contrast.p, &pair.contrast.p_holm].map(|p| p_cell(p, note, footnotes)));
        cells.extend(self.with_updates().then(|| updates(pair)));
        cells
    }

    fn best(&self) -> f64 {
        self.pairs.iter().flat_map(|pair| pair.models).map(|model| model.auc).fold(f64::NEG_INFINITY, f64::max)
    }

    fn notes(&self) -> Vec<String> {
        let fixed: Vec<String> = self.comparison.fixed.iter().map(|(factor, level)| format!("{factor}: {level}")).collect();
        let method = "Differences are first minus second level, computed before rounding; CI = confidence interval. Two-sided p by \
                      DeLong's paired test; Holm: adjusted over all contrasts between models that have a p, each pair once. Bold: \
                      largest AUC.";
        let differ = self.pairs.iter().any(|pair| pair.updates.is_some_and(|[a, b]| a != b));
        let meaning = if differ {
            "They differ, so the levels named are not all that differs."
        } else {
            "They were made equal: the smaller training set was shown more often."
        };
        let updates = format!("Updates: weight updates of the first / second training. {meaning}");
        let fixed = (!fixed.is_empty()).then(|| format!("All rows share {}.", fixed.join(", ")));
        fixed.into_iter().chain([method.to_owned()]).chain(self.with_updates().then_some(updates)).collect()
    }

    fn data_header(&self) -> Vec<String> {
        let names = [
            "a",
            "b",
            "auc_a",
            "auc_b",
            "difference",
            "se",
            "ci_low",
            "ci_high",
            "z",
            "p",
            "p_holm",
            "updates_a",
            "updates_b",
            "undefined",
        ];
        self.comparison.within.iter().cloned().chain(names.map(String::from)).collect()
    }

    fn data_row(&self, pair: &Pair) -> Vec<String> {
        let contrast = pair.contrast;
        let within = self.comparison.within.iter().map(|factor| pair.models[0].levels.get(factor).cloned().unwrap_or_default());
        let mut row: Vec<String> = within.chain([contrast.a.clone(), contrast.b.clone()]).collect();
        row.extend(pair.models.map(|model| number::exact(model.auc)));
        row.extend([number::exact(contrast.difference), number::exact_or_empty(&contrast.se)]);
        row.extend(exact_limits(&contrast.ci));
        row.extend([&contrast.z, &contrast.p, &contrast.p_holm].map(number::exact_or_empty));
        row.extend(pair.updates.map(|updates| updates.map(|count| count.to_string())).unwrap_or_default());
        row.push(reason(&contrast.p));
        row
    }
}

fn difference(contrast: &Contrast, footnotes: &mut Footnotes) -> Cell {
    let value = number::difference(contrast.difference);
    match &contrast.ci {
        Estimate::Defined(limits) => Cell::from(format!("{value} ({})", number::difference_limits(*limits))),
        Estimate::Undefined(why) => {
            Cell::from(format!("{value} (CI {})", number::NOT_ESTIMABLE)).marked(footnotes.mark(sentence(why)))
        }
    }
}

fn p_cell(p: &Estimate<f64>, note: Option<&str>, footnotes: &mut Footnotes) -> Cell {
    match (p, note) {
        (Estimate::Defined(value), None) => Cell::from(number::p(*value)),
        (Estimate::Defined(value), Some(note)) => Cell::from(number::p(*value)).marked(footnotes.mark(sentence(note))),
        (Estimate::Undefined(why), _) => Cell::from(number::NOT_ESTIMABLE).marked(footnotes.mark(sentence(why))),
    }
}

fn updates(pair: &Pair) -> Cell {
    Cell::from(pair.updates.map(|[a, b]| format!("{} / {}", number::count(a), number::count(b))).unwrap_or_default())
}
