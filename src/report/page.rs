//! The report as one page: style, letters and drawings inside, nothing to load, no script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::document::{Block, Chapter, Document};
use super::font::Face;
use super::study::Study;

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn page(study: &Study, document: &Document) -> String {
    let body = body(study, document).into_string();
    let letters = [Face::Regular, Face::Bold].map(|face| face.rule(&body)).concat();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.title) }
                style { (PreEscaped(letters)) (PreEscaped(STYLE)) }
            }
            body { (PreEscaped(body)) }
        }
    };
    markup.into_string() + "\n"
}

fn body(study: &Study, document: &Document) -> Markup {
    html! {
        header { h1 { (document.title) } (contents(document)) }
        main { @for chapter in &document.chapters { (section(chapter)) } }
        footer { (footer(study)) }
    }
}

fn contents(document: &Document) -> Markup {
    html! {
        nav aria-label="Sections" {
            @for chapter in &document.chapters { a href={ "#" (chapter.id) } { (chapter.heading) } " " }
        }
    }
}

fn section(chapter: &Chapter) -> Markup {
    html! {
        section aria-labelledby=(chapter.id) {
            h2 id=(chapter.id) { (chapter.heading) }
            @for part in &chapter.blocks { (block(part)) }
        }
    }
}

fn block(block: &Block) -> Markup {
    match block {
        Block::Key(text) => html! { p.key { (text) } },
        Block::Text(text) => html! { p { (text) } },
        Block::Remarks(remarks) => html! { div.remarks role="note" { @for remark in remarks { p { (remark) } } } },
        Block::Table(table) => table.to_html(),
        Block::Figure(figure) => figure.to_html(),
    }
}

fn footer(study: &Study) -> Markup {
    html! {
        p {
            "Experiment " strong { (study.params.name) } ". To print: " a href="report.pdf" { "report.pdf" } ". To edit: "
            a href="report.docx" { "report.docx" } ". Checklist: " a href="claim.md" { "claim.md" } ". To cite by name in LaTeX: " a href="numbers.tex" { "numbers.tex" } ". Data: "
            @for (position, file) in ["results.json", "numbers.csv", "scores.csv", "slices.csv", "roc.csv", "curves.csv"].iter().enumerate() {
                @if position > 0 { ", " }
                a href=(file) { (file) }
            }
            ". Software, seeds, digests and times of the run: " a href="provenance.json" { "provenance.json" } "."
        }
    }
}
