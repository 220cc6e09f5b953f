//! Figures for the page: every panel with its letter, the caption below.

use maud::{Markup, html};

use super::Figure;

/// Drawings wider than this are moved under the finger on a telephone rather than shrunk until nobody can read them.
const WIDE_MM: f64 = 100.0;
/// Of panels among others.
const VECTORS: [&str; 2] = ["svg", "pdf"];
/// Of what is printed in one piece.
const FORMS: [&str; 3] = ["svg", "pdf", "png"];

impl Figure {
    /// The panels side by side where there is room, and links to their files.
    pub(in crate::report) fn to_html(&self) -> Markup {
        let several = self.panels.len() > 1;
        html! {
            figure.exhibit id={ "figure" (self.number) } {
                div.panels style=[self.across.map(|across| format!("--across: {across}"))] {
                    @for (letter, stem, panel) in self.lettered() {
                        div.panel.wide[panel.size_mm().0 > WIDE_MM] tabindex=[(panel.size_mm().0 > WIDE_MM).then_some(0)] style={ "--mm:" (panel.size_mm().0) } {
                            @if let Some(letter) = letter { span.letter { (letter) } }
                            (panel.to_page(&stem))
                            p.files { (files(&stem, if several { &VECTORS } else { &FORMS })) }
                        }
                    }
                }
                figcaption { strong { (self.label()) "." } " " (self.caption) }
                @let whole = self.whole();
                @if !whole.is_empty() {
                    p.files { "Whole figure: " @for stem in whole { (files(&stem, &FORMS)) } }
                }
            }
        }
    }
}

/// Links to the files of a drawing.
fn files(stem: &str, forms: &[&str]) -> Markup {
    html! {
        @for form in forms {
            a href={ "figures/" (stem) "." (form) } aria-label={ (stem) " as " (form) } { (form) } " "
        }
    }
}
