//! All runs of the cache, those that live first.

use anyhow::Result;
use maud::{Markup, html};

use crate::history::{Ending, Run};
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::layout::Page;
use crate::serve::route::Route;
use crate::serve::site::{SPEC, Site};
use crate::serve::{address, words};

pub(super) const ROUTE: Route = Route { path: "/", answer };

/// As many as a person looks through.
const MOST: usize = 200;

fn answer(site: &Site, _: &Ask) -> Result<Answer> {
    let mut runs: Vec<(Run, Ending)> = vec![];
    let all = site.runs.list()?;
    for run in all.iter().rev().take(MOST) {
        runs.push((run.clone(), run.ending()?));
    }
    runs.sort_by_key(|(_, ending)| *ending != Ending::Running);
    let body = html! {
        h1 { "Runs" }
        section #runs data-live {
            @if let Some(outline) = &site.outline {
                p { a.chip href=(address::run(SPEC)) { "The plan of " strong { (outline.experiment) } } }
            }
            @if runs.is_empty() {
                p { "No run has left a journal in this cache yet. " code { "bgh run SPEC" } " leaves one when it has something to do; it appears here by itself." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Runs" { (table(&runs)) }
            }
            @if all.len() > MOST { p.soft { "The last " (MOST) " of " (all.len()) "." } }
        }
        p.soft { "Cache: " code { (site.store.root().display()) } }
    };
    Ok(Answer::page(Page { title: "Runs", way: vec![], events: Some(String::new()), body }.markup()))
}

fn table(runs: &[(Run, Ending)]) -> Markup {
    html! {
        table {
            thead { tr { th { "Experiment" } th { "State" } th { "Steps" } th { "Started" } th.number { "Took" } th { "Run" } } }
            tbody { @for (run, ending) in runs { (row(run, ending)) } }
        }
    }
}

fn row(run: &Run, ending: &Ending) -> Markup {
    html! {
        tr {
            td { a href=(address::run(run.id())) { (run.header().experiment) } }
            td { span class={ "state " (ending.word()) } { (ending.word()) } }
            td { (steps(ending)) }
            td { (words::moment(run.header().started)) }
            td.number { (run.seconds().map(words::span).unwrap_or_default()) }
            td { code { (run.id()) } }
        }
    }
}

fn steps(ending: &Ending) -> String {
    let Ending::Ended(summary) = ending else { return String::new() };
    let failed = if summary.failed > 0 { format!(", {} failed", summary.failed) } else { String::new() };
    format!("{} of {}{failed}", summary.cached + summary.ran, summary.steps)
}
