//! Figures for the page: every panel with its letter, the caption below.

use maud::{Markup, html};

use super::Figure;

impl Figure {
    /// The panels side by side where there is room, and links to their files.
    pub(in crate::report) fn to_html(&self) -> Markup {
        html! {
            figure.exhibit id={ "figure" (self.number) } {
                div.panels {
                    @for (letter, stem, panel) in self.lettered() {
                        div.panel {
                            @if let Some(letter) = letter { span.letter { (letter) } }
                            (panel.to_page(&stem))
                            p.files {
                                @for form in ["svg", "pdf", "png"] {
                                    a href={ "figures/" (stem) "." (form) } aria-label={ (stem) " as " (form) } { (form) } " "
                                }
                            }
                        }
                    }
                }
                figcaption { strong { (self.label()) "." } " " (self.caption) }
            }
        }
    }
}
