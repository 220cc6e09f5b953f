//! How far the run is.

use maud::{Markup, html};

use crate::serve::picture::Picture;
use crate::serve::status::Status;
use crate::serve::{address, words};

pub(in crate::serve) fn of(picture: &Picture) -> Markup {
    let standing = &picture.standing;
    let done = standing.cached + standing.ran;
    let word = if picture.header.is_some() { picture.ending.word() } else { "not a run" };
    html! {
        section #headline data-live {
            h1 { (picture.experiment) " " span class={ "state " (word) } { (word) } }
            progress max=(standing.steps.max(1)) value=(done) aria-label="Steps done" {}
            p.counts {
                strong { (done) " of " (words::counted(standing.steps, "step")) }
                @for status in Status::ALL {
                    @let count = picture.steps.iter().filter(|step| step.status == status).count();
                    @if count > 0 { span.chip { span class={ "cell " (status.word()) } aria-hidden="true" { (status.sign()) } " " (count) " " (status.word()) } }
                }
            }
            @if let Some(header) = &picture.header {
                p.soft {
                    "Started " (words::moment(header.started)) " on " (header.host)
                    ", " @if picture.is_alive() { "running for " (words::span(crate::history::now() - header.started)) } @else { "took " (words::span(standing.at - header.started)) }
                    @if let Some(left) = left(picture) { ", about " (words::span(left)) " left" }
                    "."
                }
            }
            (links(picture))
        }
    }
}

fn links(picture: &Picture) -> Markup {
    let to = |page: &str| address::of_run(&picture.id, page);
    let is_made = |kind: &str| picture.of_kind(kind).any(|(_, step)| matches!(step.status, Status::Done | Status::Cached));
    html! {
        nav.pages aria-label="Pages of this run" {
            @if is_made("report") { a.chip href=(to("report")) { "Report" } }
            @if is_made("compare") { a.chip href=(to("results")) { "Results" } }
            @if is_made("predict") { a.chip href=(to("predictions")) { "Predictions" } }
            a.chip href=(to("steps")) { "All steps" }
            @if picture.header.is_some() { a.chip href=(to("spec")) { "Spec" } }
        }
    }
}

/// Seconds left: what running steps say themselves, and for steps that wait, what steps of their kind took in this run. Unknown while a
/// kind has no measure yet.
fn left(picture: &Picture) -> Option<f64> {
    if !picture.is_alive() {
        return None;
    }
    let slots = picture.standing.running.len().max(1) as f64;
    let mut work = 0.0;
    for kind in picture.kinds() {
        let waiting = picture.of_kind(kind).filter(|(_, step)| step.status == Status::Waiting).count();
        if waiting > 0 {
            let took: Vec<f64> = picture.of_kind(kind).filter_map(|(_, step)| step.seconds).collect();
            work += waiting as f64 * took.iter().sum::<f64>() / Some(took.len()).filter(|count| *count > 0)? as f64;
        }
    }
    let running = picture.standing.running.values().map(|running| running.seconds_left).collect::<Option<Vec<f64>>>()?;
    Some((work + running.iter().sum::<f64>()) / slots).filter(|left| *left >= 1.0)
}
