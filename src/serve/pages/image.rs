//! One image of an artifact as PNG, at the size that the stage gave it.

use anyhow::Result;

use super::slice;
use crate::artifact::ImageSet;
use crate::imaging::Image;
use crate::serve::answer::{Answer, Missing};
use crate::serve::artifacts;
use crate::serve::ask::Ask;
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps/{step}/show/{port}/{image}", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    let files =
        site.with_run(ask, |picture| artifacts::files(&site.store, picture.step(ask.named("step"))?.1, ask.named("port")))?;
    let missing = || Missing(format!("there is no image {}", ask.named("image")));
    let at: usize = ask.named("image").strip_suffix(".png").and_then(|at| at.parse().ok()).ok_or_else(missing)?;
    if files.path("hu.safetensors").is_ok() {
        return slice::draw(ask, &files, at);
    }
    let set = ImageSet::open(&files)?;
    if at >= set.rows.len() || set.image(0).is_empty() {
        return Err(missing().into());
    }
    Answer::image(&Image::new(set.width, set.height, set.image(at).to_vec()))
}
