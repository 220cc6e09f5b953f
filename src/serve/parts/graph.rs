//! The plan: kinds in the order in which work flows, a cell a step.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::serve::picture::{Picture, Step};
use crate::serve::{address, words};

/// Cells of a kind; of more, those are drawn that are most worth a look.
const MOST: usize = 400;

pub(in crate::serve) fn of(picture: &Picture) -> Markup {
    html! {
        section #graph data-live {
            h2 { "Steps" }
            ol.graph { @for kind in picture.kinds() { (row(picture, kind)) } }
        }
    }
}

fn row(picture: &Picture, kind: &str) -> Markup {
    let mut steps: Vec<(usize, &Step)> = picture.of_kind(kind).collect();
    let (count, sources) = (steps.len(), sources(picture, &steps));
    if count > MOST {
        steps.sort_by_key(|(at, step)| (step.status, *at));
        steps.truncate(MOST);
    }
    html! {
        li {
            div.kind {
                a href={ (address::of_run(&picture.id, "steps")) "?kind=" (address::encoded(kind)) } { (kind) }
                span.soft { " " (words::counted(count, "step")) @if !sources.is_empty() { ", from " (sources.join(", ")) } }
            }
            div.cells {
                @for (at, step) in &steps { (cell(picture, *at, step)) }
                @if count > MOST { span.soft { " … and " (count - MOST) " more" } }
            }
        }
    }
}

fn cell(picture: &Picture, at: usize, step: &Step) -> Markup {
    let told = format!("{}: {}", step.entry.step, step.status.word());
    html! { a class={ "cell " (step.status.word()) } href=(address::step(&picture.id, at)) title=(told) aria-label=(told) { (step.status.sign()) } }
}

/// Kinds that these steps read from.
fn sources<'a>(picture: &'a Picture, steps: &[(usize, &Step)]) -> Vec<&'a str> {
    let producers = steps.iter().flat_map(|(_, step)| &step.entry.producers).filter_map(|&at| picture.steps.get(at));
    producers.map(|step| step.entry.kind.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
}
