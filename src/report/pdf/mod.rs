//! The report as a PDF to print, send and file: A4, letters embedded, drawings as vectors, tagged for screen readers, bookmarks a
//! section. It is set here rather than by a browser or a typesetter: nothing to install, a second instead of minutes, and the
//! same bytes on every machine.

mod emit;
mod flow;
mod table;

use anyhow::{Context, Result};

use super::document::{Block, Chapter, Document};
use super::figure::Figure;
use super::font::Face;
use super::study::Study;
use flow::{Flow, Role, Style};

const TITLE: Style = Style { face: Face::Bold, size: 17.0, leading: 1.2, before: 0.0, after: 10.0 };
const HEADING: Style = Style { face: Face::Bold, size: 12.5, leading: 1.25, before: 16.0, after: 6.0 };
const KEY: Style = Style { face: Face::Bold, size: 11.0, leading: 1.35, before: 0.0, after: 7.0 };
const TEXT: Style = Style { face: Face::Regular, size: 9.5, leading: 1.42, before: 0.0, after: 6.0 };
const CAPTION: Style = Style { face: Face::Regular, size: 8.5, leading: 1.35, before: 6.0, after: 4.0 };
const REMARK: Style = Style { face: Face::Regular, size: 7.5, leading: 1.35, before: 3.0, after: 0.0 };
/// Room below a table or a figure.
const EXHIBIT_AFTER: f64 = 14.0;

/// The whole report.
///
/// # Errors
/// When a figure cannot be read back or the file cannot be made.
pub(super) fn report(study: &Study, document: &Document) -> Result<Vec<u8>> {
    let mut flow = Flow::default();
    flow.paragraph(Role::Title, &document.title, TITLE);
    document.chapters.iter().for_each(|chapter| set_chapter(&mut flow, chapter));
    let closing =
        format!("Experiment {}. Software, seeds, digests and times of the run are in provenance.json.", study.params.name);
    flow.paragraph(Role::Text, &closing, Style { before: 12.0, ..REMARK });
    emit::file(&document.title, &flow).context("cannot lay out report.pdf")
}

fn set_chapter<'a>(flow: &mut Flow<'a>, chapter: &'a Chapter) {
    flow.keep(HEADING.before + HEADING.size * 6.0);
    flow.paragraph(Role::Heading, chapter.heading, HEADING);
    for block in &chapter.blocks {
        match block {
            Block::Key(text) => flow.paragraph(Role::Text, text, KEY),
            Block::Text(text) => flow.paragraph(Role::Text, text, TEXT),
            Block::Remarks(remarks) => remarks.iter().for_each(|remark| flow.note(remark, TEXT)),
            Block::Table(table) => table::set(flow, table),
            Block::Figure(figure) => set_figure(flow, figure),
        }
    }
}

/// Panels side by side as far as they fit, at the size that a journal prints them, and the caption below.
fn set_figure<'a>(flow: &mut Flow<'a>, figure: &'a Figure) {
    let caption = [(Face::Bold, format!("{}. ", figure.label())), (Face::Regular, figure.caption.clone())];
    let lettered: Vec<_> = figure.lettered().map(|(letter, _, panel)| (letter, panel)).collect();
    flow.panels(&lettered, flow::height_of(&caption, CAPTION));
    flow.spans(Role::Caption, &caption, CAPTION);
    flow.space(EXHIBIT_AFTER);
}
