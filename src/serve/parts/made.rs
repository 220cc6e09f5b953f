//! What a step made: its files by port, with images and tables shown.

use anyhow::Result;
use maud::{Markup, html};

use super::preview;
use crate::serve::picture::{Picture, Step};
use crate::serve::site::Site;
use crate::serve::{address, artifacts, words};
use crate::store::Artifact;

/// Files of a port that are listed.
const MOST: usize = 200;

pub(in crate::serve) fn of(site: &Site, picture: &Picture, at: usize, step: &Step) -> Result<Markup> {
    let Some(record) = artifacts::record(&site.store, step)? else { return Ok(html! {}) };
    Ok(html! {
        h2 { "Made" }
        @for (port, artifact) in &record.outputs {
            (preview::of(site, picture, at, port, artifact))
            (list(picture, at, port, artifact))
        }
    })
}

fn list(picture: &Picture, at: usize, port: &str, artifact: &Artifact) -> Markup {
    html! {
        details id={ "files-" (port) } open[artifact.0.len() <= 8] {
            summary { (port) ": " (words::counted(artifact.0.len(), "file")) ", " (words::bytes(artifact.size())) }
            ul.files {
                @for (name, blob) in artifact.0.iter().take(MOST) {
                    li { a href=(address::file(&picture.id, at, port, name)) { (name) } " " span.soft { (words::bytes(blob.size)) } }
                }
                @if artifact.0.len() > MOST { li.soft { "… and " (artifact.0.len() - MOST) " more" } }
            }
        }
    }
}
