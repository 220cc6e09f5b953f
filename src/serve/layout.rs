//! The frame of every page.

use maud::{DOCTYPE, Markup, html};

/// A page that grows with its run.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// Links to where this page belongs, the nearest last: address and name.
    pub(super) way: Vec<(String, String)>,
    /// Where the events come from that make the page look again; `None` for a page that stays as it is.
    pub(super) events: Option<String>,
    pub(super) body: Markup,
}

impl Page<'_> {
    pub(super) fn markup(self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · bgh" }
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/style.css";
                    script src="/live.js" defer {}
                }
                body data-events=[self.events] {
                    a.skip href="#main" { "To the content" }
                    header {
                        nav aria-label="Where you are" {
                            a href="/" { "bgh" }
                            @for (address, name) in &self.way { span aria-hidden="true" { "›" } a href=(address) { (name) } }
                        }
                        p #link role="status" {}
                    }
                    main #main { (self.body) }
                }
            }
        }
    }
}

/// A page that is only a message.
pub(super) fn plain(title: &str, body: Markup) -> Markup {
    let body = html! { h1 { (title) } (body) };
    Page { title, way: vec![], events: None, body }.markup()
}

/// What could not be shown, in the place where it would stand.
pub(super) fn fault(error: &anyhow::Error) -> Markup {
    html! { p.fault role="note" { (format!("{error:#}")) } }
}

/// What `made` shows, or why it cannot be shown.
pub(super) fn shown(made: anyhow::Result<Markup>) -> Markup {
    made.unwrap_or_else(|error| fault(&error))
}
