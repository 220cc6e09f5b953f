//! What is wrong with a document. A fault carries the line that it points at, so that it can be shown, stored and sent without the file.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// One thing that must change before the document can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is the case.
    pub fact: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Where a fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file as the author named it, or `--set`.
    pub file: String,
    /// The spot within; none where the whole file is meant.
    pub spot: Option<Spot>,
}

/// A stretch of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// Line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Characters pointed at; 0 points between two.
    pub width: usize,
    /// The line itself.
    pub text: String,
}

impl Spot {
    /// The stretch `span` (bytes) of `text`; one that spans lines is cut at the end of its first.
    pub(crate) fn new(text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[first..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let end = text.floor_char_boundary(span.end).clamp(start, (first + line.len()).max(start));
        Self {
            line: text[..start].matches('\n').count() + 1,
            column: text[first..start].chars().count() + 1,
            width: text[start..end].chars().count(),
            text: line.to_owned(),
        }
    }

    fn bytes(&self) -> Range<usize> {
        let byte = |character| self.text.char_indices().nth(character).map_or(self.text.len(), |(byte, _)| byte);
        byte(self.column - 1)..byte(self.column - 1 + self.width)
    }
}

impl Fault {
    fn render(&self, renderer: &Renderer) -> String {
        let group = self.located(Level::ERROR.primary_title(self.fact.as_str()));
        let help = self.hint.as_deref().map(|hint| Level::HELP.with_name("hint").message(hint));
        renderer.render(&[group.elements(help)])
    }

    fn located<'a>(&'a self, title: annotate_snippets::Title<'a>) -> Group<'a> {
        match &self.place.spot {
            None => title.element(Origin::path(self.place.file.as_str())),
            Some(spot) => title.element(
                Snippet::source(spot.text.as_str())
                    .line_start(spot.line)
                    .path(self.place.file.as_str())
                    .annotation(AnnotationKind::Primary.span(spot.bytes())),
            ),
        }
    }
}

/// Every fault of a document, in the order of its files and lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// `faults` by place; those that say the same of one place are one.
    pub(crate) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_cached_key(|fault| {
            let spot = fault.place.spot.as_ref();
            (fault.place.file.clone(), spot.map(|spot| (spot.line, spot.column)))
        });
        Self(faults)
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }

    /// All of them as text; with colours for a terminal, or as [`Display`](fmt::Display) has it for everything else.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let mut parts: Vec<_> = self.iter().map(|fault| fault.render(&renderer)).collect();
        parts.push(match self.0.len() {
            1 => "1 fault".to_owned(),
            several => format!("{several} faults"),
        });
        parts.join("\n\n")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}
