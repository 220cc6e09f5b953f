//! One step: where it stands and why, its curves, its images, what it printed, what it made and what made it.

use anyhow::Result;
use maud::{Markup, html};

use super::run::events;
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::layout::{Page, shown};
use crate::serve::parts::{curves, log, made, running};
use crate::serve::picture::{Picture, Step};
use crate::serve::route::Route;
use crate::serve::site::Site;
use crate::serve::{address, artifacts, words};
use crate::store::ActionResult;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps/{step}", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (at, step) = picture.step(ask.named("step"))?;
        let body = html! {
            (headline(picture, step))
            section #curves data-live { (curves::of_step(site, step)) }
            section #made data-live { (shown(made::of(site, picture, at, step))) }
            section #log data-live { (shown(log::of(site, picture, at, step))) }
            section #record data-live { (shown(artifacts::record(&site.store, step).map(|record| record.map_or_else(|| html! {}, |record| facts(&record))))) }
            (neighbours(picture, step))
        };
        let way = vec![
            (address::run(&picture.id), picture.id.clone()),
            (address::of_run(&picture.id, "steps"), "steps".to_owned()),
            (address::step(&picture.id, at), step.entry.step.clone()),
        ];
        let events = picture.is_alive().then(|| events(picture));
        Ok(Answer::page(Page { title: &step.entry.step, way, events, body }.markup()))
    })
}

fn headline(picture: &Picture, step: &Step) -> Markup {
    let running = picture.standing.running.get(&step.entry.step).filter(|_| picture.is_alive());
    let failed = picture.standing.failed.get(&step.entry.step);
    html! {
        section #headline data-live {
            h1 { (step.entry.step) " " span class={ "state " (step.status.word()) } { (step.status.word()) } }
            @if let Some(running) = running {
                @if let Some(progress) = &running.progress { progress max=(progress.total) value=(progress.done) aria-label="Progress" {} }
                p { (running::facts(running).join(" · ")) }
            }
            @if let Some(failed) = failed { p.fault { (failed.failure) } }
            @if let Some(reason) = &step.reason { p { "It had to run: " (reason) "." } }
        }
    }
}

fn facts(record: &ActionResult) -> Markup {
    let provenance = &record.provenance;
    html! {
        h2 { "Record" }
        dl {
            dt { "Made" } dd { (words::moment(provenance.started as f64)) " on " (provenance.host) " by bgh " (provenance.bgh) }
            dt { "Took" } dd { (words::span(provenance.seconds)) }
            dt { "Device" } dd { (provenance.device) }
            @if provenance.peak_memory > 0 { dt { "Most memory" } dd { (words::bytes(provenance.peak_memory)) } }
            @if let Some(rate) = provenance.images_per_second { dt { "Pace" } dd { (format!("{rate:.0} images/s")) } }
        }
        details #key {
            summary { "What its key is made of (" (words::counted(record.manifest.len(), "value")) ")" }
            div.scroll tabindex="0" role="region" aria-label="Key" {
                table { tbody { @for (path, value) in &record.manifest { tr { th scope="row" { (path) } td { code { (value) } } } } } }
            }
        }
    }
}

fn neighbours(picture: &Picture, step: &Step) -> Markup {
    html! {
        section {
            (links(picture, "Reads from", &step.entry.producers))
            (links(picture, "Read by", &step.readers))
        }
    }
}

fn links(picture: &Picture, title: &str, steps: &[usize]) -> Markup {
    const MOST: usize = 200;
    html! {
        @if !steps.is_empty() {
            h2 { (title) }
            p.links {
                @for &at in steps.iter().take(MOST) {
                    @if let Some(step) = picture.steps.get(at) { a.chip href=(address::step(&picture.id, at)) { (step.entry.step) } " " }
                }
                @if steps.len() > MOST { span.soft { "… and " (steps.len() - MOST) " more" } }
            }
        }
    }
}
