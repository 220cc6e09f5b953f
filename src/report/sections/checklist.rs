//! The CLAIM 2024 checklist (Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300): what the record answers, what the author
//! has answered, and what is open.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Section;
use crate::report::document::Block;
use crate::report::number;
use crate::report::prose;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "checklist", heading: "CLAIM 2024 checklist", blocks };

/// What answers an item where the author does not: the record, where it can.
type Answer = fn(&Study) -> Option<String>;

/// An item: what it asks for, and the record's answer.
struct Item {
    asks: &'static str,
    answer: Answer,
}

const fn item(asks: &'static str, answer: Answer) -> Item {
    Item { asks, answer }
}

/// All items in their order, the first being number 1.
const ITEMS: [Item; 44] = [
    item("Title or abstract names the AI method", author),
    item("Structured abstract", author),
    item("Background, intended use", author),
    item("Aims, hypotheses", author),
    item("Prospective or retrospective", author),
    item("Goal of the study", author),
    item("Data sources", |study| Some(study.params.cohort.source.clone())),
    item("Inclusion and exclusion", excluded),
    item("Preprocessing", |_| seen("Methods, images")),
    item("Selection of data subsets", author),
    item("De-identification", author),
    item("Missing data", missing),
    item("Acquisition protocol", |study| study.characteristics.and_then(|_| seen("table of the acquisitions"))),
    item("Definition of the reference standard", author),
    item("Rationale for the reference standard", author),
    item("Source of annotations", author),
    item("Annotation of the test set", author),
    item("Variability between and within raters", author),
    item("Assignment to partitions", |_| seen("Cohort and partitions")),
    item("Level of disjointness of the partitions", |_| {
        Some("By patient: no patient is in two partitions; refused otherwise.".to_owned())
    }),
    item("Intended sample size", size),
    item("Description of the model", networks),
    item("Software and versions", |_| Some("provenance.json: versions of the stages, of libtorch and of bgh.".to_owned())),
    item("Initialisation of parameters", starts),
    item("Training: augmentation, hyperparameters, number of models", |_| seen("Methods, training; table of the trainings")),
    item("How the final model was selected", |_| seen("Methods, training")),
    item("Ensembling", ensembling),
    item("Metrics of performance", |_| seen("Methods, statistics")),
    item("Significance and uncertainty", |_| seen("Methods, statistics")),
    item("Robustness or sensitivity analysis", robustness),
    item("Explainability and its validation", explained),
    item("Evaluation on internal data", internal),
    item("Testing on external data", external),
    item("Registration", author),
    item("Numbers included and excluded", |_| seen("Flow of the exams")),
    item("Characteristics by partition", |study| study.characteristics.and_then(|_| seen("Characteristics of the exams"))),
    item("Performance with uncertainty", |_| seen("Diagnostic accuracy; Comparisons")),
    item("Diagnostic performance and precision", |_| seen("Operating points")),
    item("Failure analysis", failures),
    item("Limitations", author),
    item("Implications", author),
    item("Protocol and further details", |_| {
        Some("The spec; every step's key and output digests are in provenance.json.".to_owned())
    }),
    item("Availability of software, model and data", author),
    item("Funding", author),
];

fn blocks(study: &Study) -> Result<Vec<Block>> {
    Ok(vec![Block::Table(table(study))])
}

/// Where an answer comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    Author,
    Record,
    Open,
}

impl From {
    fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Record => "record",
            Self::Open => "open",
        }
    }
}

fn answered(study: &Study, number: usize, item: &Item) -> (From, String) {
    match (study.params.claim.get(&number), (item.answer)(study)) {
        (Some(words), Some(record)) => (From::Author, format!("{words} ({record})")),
        (Some(words), None) => (From::Author, words.clone()),
        (None, Some(record)) => (From::Record, record),
        (None, None) => (From::Open, "to be answered by the author".to_owned()),
    }
}

fn table(study: &Study) -> Table {
    let answers: Vec<_> = ITEMS.iter().enumerate().map(|(at, item)| (at + 1, item, answered(study, at + 1, item))).collect();
    let count = |from: From| answers.iter().filter(|(.., (source, _))| *source == from).count();
    let mut table = Table::new(
        Series::Supplement,
        format!(
            "CLAIM 2024: {} items answered by the record, {} by the author, {} open.",
            count(From::Record),
            count(From::Author),
            count(From::Open)
        ),
    );
    table.columns = vec![Column::numbers("Item"), Column::words("Asks for"), Column::words("From"), Column::words("Answer")];
    table.rows = answers
        .iter()
        .map(|(number, item, (from, answer))| {
            let open = *from == From::Open;
            let cells = [number.to_string(), item.asks.to_owned(), from.word().to_owned(), answer.clone()];
            cells.into_iter().enumerate().map(|(at, text)| Cell::from(text).strong_if(open && at == 2)).collect()
        })
        .collect();
    table.notes = vec![
        "Tejani et al., Radiol Artif Intell 2024;6(4):e240300; items in short. Open items are answered in the spec: `[manuscript.claim]`, by number."
            .to_owned(),
    ];
    table.data.header = ["item", "asks_for", "from", "answer"].map(String::from).to_vec();
    table.data.rows = answers
        .iter()
        .map(|(number, item, (from, answer))| vec![number.to_string(), item.asks.into(), from.word().into(), answer.clone()])
        .collect();
    table
}

fn author(_: &Study) -> Option<String> {
    None
}

/// A place in this report.
fn seen(place: &str) -> Option<String> {
    Some(format!("This report: {place}."))
}

fn excluded(study: &Study) -> Option<String> {
    let told = study.params.excluded.iter().map(|(reason, count)| format!("{reason} ({})", number::count(*count)));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("Excluded: {}. See the flow of the exams.", prose::list(&told)))
}

fn missing(_: &Study) -> Option<String> {
    Some("None: every exam has a reference standard, and a run without an exam's images fails. Facts that are not known are counted with the characteristics.".to_owned())
}

fn size(study: &Study) -> Option<String> {
    let results = study.results;
    Some(format!(
        "{} positive and {} negative test exams; the intervals show what they resolve. The reasoning is the author's.",
        number::count(results.n_positive),
        number::count(results.n_negative)
    ))
}

fn networks(study: &Study) -> Option<String> {
    let names: BTreeSet<&String> = study.params.methods.values().map(|methods| &methods.train.network.name).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    (!names.is_empty()).then(|| format!("{}; parameters in the table of the trainings.", prose::list(&names)))
}

fn starts(study: &Study) -> Option<String> {
    let starts: BTreeSet<&String> = study.records.values().map(|record| &record.start).collect();
    let starts: Vec<String> = starts.into_iter().cloned().collect();
    (!starts.is_empty()).then(|| format!("{}.", prose::list(&starts)))
}

fn ensembling(study: &Study) -> Option<String> {
    Some(if study.has_seeds() { "Scores are averaged over the seeds of a model." } else { "None." }.to_owned())
}

fn robustness(study: &Study) -> Option<String> {
    let changes: Vec<String> = study.params.changes.iter().map(ToString::to_string).collect();
    (!changes.is_empty()).then(|| format!("{}; see Robustness.", prose::list(&changes)))
}

fn explained(study: &Study) -> Option<String> {
    let exams: usize = study.explanations.values().map(|all| all.cases.len()).sum();
    (exams > 0).then(|| {
        format!(
            "Occlusion, activations and Grad-CAM in {}; where the finding is known, occlusion is set against it.",
            number::counted(exams, "case", "cases")
        )
    })
}

fn internal(study: &Study) -> Option<String> {
    let count = study.results.n_positive + study.results.n_negative;
    Some(format!(
        "{} that had no part in training, tuning or the choice of thresholds.",
        number::counted(count, "test exam", "test exams")
    ))
}

fn external(study: &Study) -> Option<String> {
    let names: Vec<String> = study.external.keys().cloned().collect();
    (!names.is_empty())
        .then(|| format!("Cohorts that had no part in any choice, thresholds included: {}.", prose::list(&names)))
}

fn failures(study: &Study) -> Option<String> {
    let wrong: BTreeSet<&String> = study.raters().flat_map(|model| &model.mistakes).map(|mistake| &mistake.exam).collect();
    Some(format!(
        "{} judged wrongly by some model or reader; see Errors.",
        number::counted(wrong.len(), "exam was", "exams were")
    ))
}
