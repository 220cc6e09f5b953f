//! What can be shown of an artifact at a look, by the files that it has.

use anyhow::Result;
use maud::{Markup, html};

use crate::artifact::{ImageSet, Volume};
use crate::serve::layout::shown;
use crate::serve::picture::Picture;
use crate::serve::site::Site;
use crate::serve::{address, artifacts};
use crate::store::Artifact;

/// A way to show an artifact.
struct Preview {
    /// A file that tells that it fits.
    file: &'static str,
    show: fn(&Site, &str, &Artifact) -> Result<Markup>,
}

const PREVIEWS: [Preview; 2] =
    [Preview { file: "images.safetensors", show: images }, Preview { file: "hu.safetensors", show: volume }];

pub(super) fn of(site: &Site, picture: &Picture, at: usize, port: &str, artifact: &Artifact) -> Markup {
    let here = address::step(&picture.id, at) + &address::path(["show", port]);
    let fitting = PREVIEWS.iter().filter(|preview| artifact.0.contains_key(preview.file));
    html! {
        @for preview in fitting { (shown((preview.show)(site, &here, artifact))) }
        (pictures(picture, at, port, artifact))
    }
}

fn images(site: &Site, here: &str, artifact: &Artifact) -> Result<Markup> {
    const FIRST: usize = 12;
    let set = ImageSet::open(&artifacts::checked(&site.store, artifact)?)?;
    Ok(html! {
        div.sheet { @for row in set.rows.iter().take(FIRST) { (super::sheet::image(here, &set, row)) } }
        p { a.chip href=(here) { "All " (set.rows.len()) " images" } }
    })
}

fn volume(site: &Site, here: &str, artifact: &Artifact) -> Result<Markup> {
    let slices = Volume::slices(&artifacts::checked(&site.store, artifact)?)?;
    let middle = slices.len() / 2;
    Ok(html! {
        a href={ (here) "?slice=" (middle) } {
            img.slice src={ (here) "/" (middle) ".png" } alt={ "Slice " (middle + 1) " of " (slices.len()) } loading="lazy";
        }
        p { a.chip href={ (here) "?slice=" (middle) } { "All " (slices.len()) " slices" } }
    })
}

/// Images that a program of the user's made.
fn pictures(picture: &Picture, at: usize, port: &str, artifact: &Artifact) -> Markup {
    const FIRST: usize = 24;
    let names: Vec<&String> = artifact.0.keys().filter(|name| name.ends_with(".png")).take(FIRST).collect();
    html! {
        @if !names.is_empty() {
            div.pictures {
                @for name in names {
                    @let file = address::file(&picture.id, at, port, name);
                    figure { a href=(file) { img src=(file) alt=(name) loading="lazy"; } figcaption { (name) } }
                }
            }
        }
    }
}
