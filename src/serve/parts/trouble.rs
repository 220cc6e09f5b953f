//! What failed and what the user should know.

use maud::{Markup, html};

use crate::history::Failed;
use crate::serve::picture::Picture;
use crate::serve::{address, words};

const MOST: usize = 20;

pub(in crate::serve) fn of(picture: &Picture) -> Markup {
    let (failed, warnings) = (&picture.standing.failed, &picture.standing.warnings);
    html! {
        section #trouble data-live aria-live="polite" {
            @if !failed.is_empty() {
                h2 { "Failed" }
                @for (label, failed) in failed.iter().take(MOST) { (failure(picture, label, failed)) }
                @if failed.len() > MOST { p.soft { "… and " (failed.len() - MOST) " more" } }
            }
            @if !warnings.is_empty() {
                h2 { "Warnings" }
                @for (step, text) in warnings.iter().rev().take(MOST) {
                    p.note { @if let Some(step) = step { strong { (step) } ": " } (text) }
                }
                @if warnings.len() > MOST { p.soft { "… and " (warnings.len() - MOST) " earlier ones" } }
            }
        }
    }
}

fn failure(picture: &Picture, label: &str, failed: &Failed) -> Markup {
    let at = picture.steps.iter().position(|step| step.entry.step == label);
    html! {
        div.fault {
            p {
                strong { @match at { Some(at) => a href=(address::step(&picture.id, at)) { (label) }, None => (label) } }
                ": " (failed.failure)
            }
            p.soft {
                (words::moment(failed.at))
                @if let Some(seconds) = failed.retry_in { " · again in " (words::span(seconds)) }
                @if let Some(at) = at { " · " a href=(address::of_step(&picture.id, at, "log")) { "log" } }
            }
        }
    }
}
