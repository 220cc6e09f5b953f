//! Images of a set, each with what it is.

use maud::{Markup, html};

use crate::artifact::{ImageRow, ImageSet};

/// One image; `here` is the address of its set.
pub(in crate::serve) fn image(here: &str, set: &ImageSet, row: &ImageRow) -> Markup {
    let variant = if row.variant > 0 { format!(", variant {}", row.variant) } else { String::new() };
    let told = format!("exam {}, slice {}{variant}: {}", row.exam, row.slice + 1, row.class);
    html! {
        figure {
            img src={ (here) "/" (row.image) ".png" } alt=(told) title=(told) width=(set.width) height=(set.height) loading="lazy";
            figcaption { strong { (row.class) } br; (row.exam) " / " (row.slice + 1) @if row.variant > 0 { " v" (row.variant) } }
        }
    }
}
