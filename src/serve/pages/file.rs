//! A file of an artifact, to keep. Its name is looked up in the record and never made into a path.

use anyhow::{Context, Result};

use crate::serve::answer::{Answer, Missing};
use crate::serve::artifacts;
use crate::serve::ask::Ask;
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps/{step}/files/{port}/{name..}", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    let (port, name) = (ask.named("port"), ask.named("name"));
    let artifact = site.with_run(ask, |picture| artifacts::artifact(&site.store, picture.step(ask.named("step"))?.1, port))?;
    let blob = artifact.0.get(name).ok_or_else(|| Missing(format!("`{port}` has no file `{name}`")))?;
    let path = site.store.blob(blob.digest);
    let shown = Answer::file(&path, kind(name))
        .with_context(|| format!("`{name}` is gone from the cache; `bgh run` makes it again"))?;
    Ok(if name.ends_with(".png") { shown } else { shown.kept_as(name.rsplit('/').next().unwrap_or(name)) })
}

fn kind(name: &str) -> &'static str {
    if name.ends_with(".png") { "image/png" } else { "application/octet-stream" }
}
