//! The spec of a run as it was resolved.

use anyhow::Result;

use crate::serve::answer::{Answer, Missing};
use crate::serve::ask::Ask;
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/spec", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let header =
            picture.header.as_ref().ok_or_else(|| Missing("a plan without a run has no spec of its own".to_owned()))?;
        Ok(Answer::text(header.resolved.as_bytes()))
    })
}
