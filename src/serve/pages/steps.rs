//! Steps as a list, of one kind if asked.

use anyhow::Result;
use maud::html;

use super::run::events;
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::layout::Page;
use crate::serve::picture::Step;
use crate::serve::route::Route;
use crate::serve::site::Site;
use crate::serve::{address, words};

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps", answer };

const MOST: usize = 2000;

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (here, asked) = (address::of_run(&picture.id, "steps"), ask.query.get("kind"));
        let is_asked = |step: &Step| asked.is_none_or(|kind| step.entry.kind == *kind);
        let steps: Vec<(usize, &Step)> = picture.steps.iter().enumerate().filter(|(_, step)| is_asked(step)).collect();
        let body = html! {
            h1 { "Steps" }
            nav.pages aria-label="Kinds" {
                a.chip href=(here) aria-current=[asked.is_none().then_some("page")] { "all" }
                @for kind in picture.kinds() {
                    a.chip href={ (here) "?kind=" (address::encoded(kind)) } aria-current=[(asked.is_some_and(|asked| asked == kind)).then_some("page")] { (kind) }
                }
            }
            section #list data-live {
                div.scroll tabindex="0" role="region" aria-label="Steps" {
                    table {
                        thead { tr { th { "Step" } th { "State" } th.number { "Took" } th { "Why it ran" } } }
                        tbody {
                            @for (at, step) in steps.iter().take(MOST) {
                                tr {
                                    td { a href=(address::step(&picture.id, *at)) { (step.entry.step) } }
                                    td { span class={ "state " (step.status.word()) } { (step.status.word()) } }
                                    td.number { (step.seconds.map(words::span).unwrap_or_default()) }
                                    td.soft { (step.reason.as_ref().map(ToString::to_string).unwrap_or_default()) }
                                }
                            }
                        }
                    }
                }
                @if steps.len() > MOST { p.soft { "… and " (steps.len() - MOST) " more" } }
            }
        };
        let way = vec![(address::run(&picture.id), picture.id.clone())];
        let events = picture.is_alive().then(|| events(picture));
        Ok(Answer::page(Page { title: "Steps", way, events, body }.markup()))
    })
}
