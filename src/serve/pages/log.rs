//! All that a step printed.

use anyhow::Result;

use crate::serve::answer::{Answer, Missing};
use crate::serve::ask::Ask;
use crate::serve::parts::log;
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps/{step}/log", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (_, step) = picture.step(ask.named("step"))?;
        let place =
            log::place(site, step).ok_or_else(|| Missing(format!("{} has printed nothing in this cache", step.entry.step)))?;
        Answer::file(&place, "text/plain; charset=utf-8")
    })
}
