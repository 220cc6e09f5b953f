//! Every exam that a model judged wrongly: a table of all, and pictures of those that were looked at closely.

use anyhow::Result;

use super::Section;
use super::picture::{self, arrow, called, grey, marked, probability, size};
use crate::artifact::results::{Mistake, ModelResult};
use crate::artifact::{Case, Cases, Explanation, Why};
use crate::report::document::Block;
use crate::report::figure::{Figure, Panel};
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "mistakes", heading: "Errors", blocks };

/// Rows of the table that are printed; its `.csv` has all.
const PRINTED: usize = 60;

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let wrong: Vec<_> = study.raters().flat_map(|model| model.mistakes.iter().map(move |mistake| (model, mistake))).collect();
    if wrong.is_empty() {
        return Ok(vec![]);
    }
    let galleries = study.cases.iter().map(|(model, cases)| gallery(study, model, cases)).collect::<Result<Vec<_>>>()?;
    Ok([Block::Table(table(study, &wrong))].into_iter().chain(galleries.into_iter().flatten().map(Block::Figure)).collect())
}

/// A model or reader and one of its mistakes.
type Wrong<'a> = (&'a ModelResult, &'a Mistake);

/// Errors by exam: what several models miss comes first.
fn table(study: &Study, wrong: &[Wrong<'_>]) -> Table {
    let mut exams: Vec<(&str, &str, Vec<Wrong<'_>>)> = vec![];
    for (model, mistake) in wrong {
        match exams.iter_mut().find(|(exam, ..)| *exam == mistake.exam) {
            Some((.., rows)) => rows.push((model, mistake)),
            None => exams.push((&mistake.exam, &mistake.class, vec![(*model, *mistake)])),
        }
    }
    exams.sort_by(|a, b| b.2.len().cmp(&a.2.len()).then_with(|| a.0.cmp(b.0)));
    let mut table = Table::new(
        Series::Supplement,
        "Test exams that were judged wrongly, those that most models or readers got wrong first.",
    );
    table.columns = vec![Column::words("Exam"), Column::words("Reference"), Column::numbers("Wrong"), Column::words("By")];
    table.rows = exams.iter().take(PRINTED).map(|(exam, class, rows)| row(study, exam, class, rows)).collect();
    let raters = study.raters().count();
    table.notes = vec![format!(
        "Wrong: of {} those that name another class, or lie on the wrong side of their threshold (marked \u{2020} where the class alone is right).",
        number::counted(raters, "model or reader", "models and readers")
    )];
    if exams.len() > PRINTED {
        table.notes.push(format!("{} exams of {} are printed; the table's .csv file has all.", PRINTED, exams.len()));
    }
    table.data.header = ["model", "exam", "reference", "score", "named", "called_positive"].map(String::from).to_vec();
    table.data.rows = wrong.iter().map(|(model, mistake)| data_row(model, mistake)).collect();
    table
}

fn row(study: &Study, exam: &str, class: &str, rows: &[(&ModelResult, &Mistake)]) -> Vec<Cell> {
    let told = rows.iter().map(|(model, mistake)| {
        let named = mistake.named.as_deref().filter(|named| *named != mistake.class);
        let what = named.map_or_else(|| "\u{2020}".to_owned(), |named| format!(": {named}"));
        format!("{}{what}", study.title(model))
    });
    let told: Vec<String> = told.collect();
    [exam.to_owned(), class.to_owned(), rows.len().to_string(), told.join("; ")].map(Cell::from).into()
}

fn data_row(model: &ModelResult, mistake: &Mistake) -> Vec<String> {
    vec![
        model.name.clone(),
        mistake.exam.clone(),
        mistake.class.clone(),
        number::exact(mistake.score),
        mistake.named.clone().unwrap_or_default(),
        mistake.called.map(|called| called.to_string()).unwrap_or_default(),
    ]
}

fn gallery(study: &Study, model: &str, cases: &Cases) -> Result<Option<Figure>> {
    let explained = study.explanations.get(model).map(|all| all.cases.as_slice()).unwrap_or_default();
    let wrong: Vec<(&Case, Option<&Explanation>)> = cases
        .rows
        .iter()
        .enumerate()
        .map(|(at, case)| (case, explained.get(at)))
        .filter(|(case, _)| case.why == Why::Wrong)
        .collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    let panels = wrong.iter().map(|(case, told)| panel(cases, case, *told)).collect::<Result<Vec<_>>>()?;
    let told: Vec<String> = wrong.iter().map(|(case, told)| words(case, *told)).collect();
    let total = study.raters().find(|rater| rater.trainings.len() == 1 && rater.trainings[0].name == model);
    let total = total.and_then(|rater| rater.naming.as_ref()).map(|naming| {
        let all: usize = naming.confusion.iter().flatten().sum();
        let right: usize = (0..naming.confusion.len()).map(|class| naming.confusion[class][class]).sum();
        format!(" of {} whose class was named wrongly (of {})", all - right, number::counted(all, "test exam", "test exams"))
    });
    let caption = format!(
        "Errors of model {model}: {}{}, the most confident first; {}. Arrows point at the finding or at what was taken for one; \
         without a known place, at the place that matters most by occlusion. {}.",
        number::counted(wrong.len(), "exam", "exams"),
        total.unwrap_or_default(),
        picture::window(study, model),
        told.join("; "),
    );
    Ok(Some(Figure::new(format!("errors-{model}"), caption, panels)))
}

fn panel(cases: &Cases, case: &Case, told: Option<&Explanation>) -> Result<Panel> {
    let size = size(cases);
    let by_occlusion = || {
        let [row, column] = told?.occlusion.pit();
        Some(arrow([column, row], 0.0, size))
    };
    let image = grey(cases, case)?.labelled(format!("{} \u{2192} {}", case.class, case.named));
    let image = marked(case, size).or_else(by_occlusion).into_iter().fold(image, |image, mark| image.marked(mark));
    let description = format!("{}: class {}, named {}.", called(case), case.class, case.named);
    picture::panel(&image, &called(case), description)
}

fn words(case: &Case, told: Option<&Explanation>) -> String {
    let at = match (&case.mark, told) {
        (Some(mark), _) => format!(", arrow at the {mark}"),
        (None, Some(_)) => ", arrow by occlusion".to_owned(),
        (None, None) => String::new(),
    };
    format!("{}, {} called {} ({}){at}", called(case), case.class, case.named, probability(case.probability))
}
