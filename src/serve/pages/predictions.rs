//! What every model says of every exam: the class that it names, with its probability, as soon as the model has been applied.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use maud::{Markup, html};

use super::run::events;
use crate::artifact::Predictions;
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::layout::{Page, fault};
use crate::serve::picture::{Picture, Step};
use crate::serve::route::Route;
use crate::serve::site::Site;
use crate::serve::status::Status;
use crate::serve::{address, artifacts};

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/predictions", answer };

/// Rows that a page holds with ease.
const MOST: usize = 3000;

/// An exam: its class, and the mean probability of each class by model.
#[derive(Debug, Default)]
struct Exam {
    class: String,
    means: BTreeMap<String, Vec<f64>>,
}

/// Exams by name, and the classes in the order of the networks.
#[derive(Debug, Default)]
struct Table {
    classes: Vec<String>,
    models: BTreeSet<String>,
    exams: BTreeMap<String, Exam>,
}

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (mut tables, mut faults) = (BTreeMap::<&str, Table>::new(), vec![]);
        let made = |step: &Step| matches!(step.status, Status::Done | Status::Cached);
        for (_, step) in picture.of_kind("predict").filter(|(_, step)| made(step)) {
            let (part, model) = part(&step.entry.step);
            match read(site, step) {
                Ok(predictions) => tables.entry(part).or_default().add(model, &predictions),
                Err(error) => faults.push(error.context(step.entry.step.clone())),
            }
        }
        let body = html! {
            h1 { "Predictions" }
            @for error in &faults { (fault(error)) }
            section #predictions data-live { (shown(picture, ask, &tables)) }
        };
        let way = vec![(address::run(&picture.id), picture.id.clone())];
        let events = picture.is_alive().then(|| events(picture));
        Ok(Answer::page(Page { title: "Predictions", way, events, body }.markup()))
    })
}

/// Which exams a prediction is of, by the form of its label, and by which model.
fn part(label: &str) -> (&str, &str) {
    let name = label.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or(label);
    name.split_once('/').unwrap_or(("test", name))
}

fn read(site: &Site, step: &Step) -> Result<Predictions> {
    Predictions::open(&artifacts::files(&site.store, step, "predictions")?)
}

impl Table {
    fn add(&mut self, model: &str, predictions: &Predictions) {
        let mut counts = BTreeMap::<&str, f64>::new();
        for row in &predictions.rows {
            let exam = self.exams.entry(row.exam.clone()).or_default();
            exam.class.clone_from(&row.class);
            let (means, count) = (exam.means.entry(model.to_owned()).or_default(), counts.entry(&row.exam).or_default());
            means.resize(row.probabilities.len(), 0.0);
            *count += 1.0;
            means.iter_mut().zip(&row.probabilities).for_each(|(mean, value)| *mean += (value - *mean) / *count);
        }
        self.models.insert(model.to_owned());
        self.classes.clone_from(&predictions.classes);
    }

    /// The class that a model names for an exam, and its probability.
    fn named(&self, exam: &Exam, model: &str) -> Option<(&str, f64)> {
        let means = exam.means.get(model)?;
        let best = (0..means.len()).reduce(|best, class| if means[class] > means[best] { class } else { best })?;
        Some((self.classes.get(best)?, means[best]))
    }

    /// Probability of the exam's own class.
    fn own(&self, exam: &Exam, model: &str) -> Option<f64> {
        let class = self.classes.iter().position(|class| *class == exam.class)?;
        exam.means.get(model)?.get(class).copied()
    }

    /// In the order asked for: by name, by class, or by what a model gives to the right class, the worst first.
    fn sorted(&self, by: &str) -> Vec<(&String, &Exam)> {
        let mut rows: Vec<_> = self.exams.iter().collect();
        match by {
            "exam" => {}
            "class" => rows.sort_by(|a, b| a.1.class.cmp(&b.1.class)),
            model => rows.sort_by(|a, b| {
                let own = |exam: &Exam| self.own(exam, model).unwrap_or(f64::INFINITY);
                own(a.1).total_cmp(&own(b.1))
            }),
        }
        rows
    }
}

fn shown(picture: &Picture, ask: &Ask, tables: &BTreeMap<&str, Table>) -> Markup {
    let here = address::of_run(&picture.id, "predictions");
    let part = ask.query.get("part").map_or("test", String::as_str);
    let by = ask.query.get("by").map_or("exam", String::as_str);
    html! {
        nav.pages aria-label="Exams" {
            @for name in tables.keys() { a.chip href={ (here) "?part=" (address::encoded(name)) } aria-current=[(*name == part).then_some("page")] { (name) } }
        }
        @match tables.get(part) {
            None => p { "No model has been applied to these exams yet." },
            Some(table) => {
                p.soft { "The most probable class of each exam with its mean probability over the slices; " span.wrong { "crossed" } " where that is not the exam's class. By model: the worst first." }
                div.scroll tabindex="0" role="region" aria-label="Predictions" { (drawn(table, &here, part, by)) }
                @if table.exams.len() > MOST { p.soft { "… and " (table.exams.len() - MOST) " more" } }
            }
        }
    }
}

fn drawn(table: &Table, here: &str, part: &str, by: &str) -> Markup {
    let head = |name: &str, shown: &str| {
        let link = format!("{here}?part={}&by={}", address::encoded(part), address::encoded(name));
        html! { th aria-sort=[(name == by).then_some("ascending")] { a href=(link) { (shown) } } }
    };
    html! {
        table.predictions {
            thead { tr { (head("exam", "Exam")) (head("class", "Class")) @for model in &table.models { (head(model, model)) } } }
            tbody {
                @for (name, exam) in table.sorted(by).into_iter().take(MOST) {
                    tr {
                        th scope="row" { (name) }
                        td { (exam.class) }
                        @for model in &table.models { (cell(table, exam, model)) }
                    }
                }
            }
        }
    }
}

fn cell(table: &Table, exam: &Exam, model: &str) -> Markup {
    match table.named(exam, model) {
        None => html! { td {} },
        Some((class, share)) if class == exam.class => html! { td { (class) " " (format!("{share:.2}")) } },
        Some((class, share)) => html! { td { span.wrong { (class) } " " (format!("{share:.2}")) } },
    }
}
