//! One run at a glance: how far it is, what runs, what went wrong, every step, and how its trainings go.

use anyhow::Result;
use maud::html;

use crate::serve::address;
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::layout::Page;
use crate::serve::parts::{curves, graph, headline, running, trouble};
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let body = html! {
            (headline::of(picture))
            (running::of(picture))
            (trouble::of(picture))
            (graph::of(picture))
            (curves::of_trainings(site, picture))
        };
        let way = vec![(address::run(&picture.id), picture.id.clone())];
        let events = picture.is_alive().then(|| events(picture));
        Ok(Answer::page(Page { title: &picture.experiment, way, events, body }.markup()))
    })
}

/// Where the events of a run come from, from where this page has read on.
pub(super) fn events(picture: &crate::serve::picture::Picture) -> String {
    format!("{}?after={}", address::of_run(&picture.id, "events"), picture.events)
}
