//! The report as Markdown.

use super::document::{Block, Chapter, Document};
use super::figure::Figure;
use super::study::Study;

/// The whole report.
pub(super) fn text(study: &Study, document: &Document) -> String {
    let chapters: String = document.chapters.iter().map(chapter).collect();
    let name = escape(&study.params.name);
    format!(
        "# {}\n{chapters}\n---\n\nExperiment {name}. Software, digests and times: [provenance.json](provenance.json).\n",
        escape(&document.title)
    )
}

/// `text` with every character that Markdown or the HTML in it would read as markup made plain.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
        escaped
    })
}

/// One section.
pub(super) fn chapter(chapter: &Chapter) -> String {
    let blocks: String = chapter.blocks.iter().map(block).collect();
    format!("\n## {}\n{blocks}", escape(chapter.heading))
}

fn block(block: &Block) -> String {
    match block {
        Block::Key(text) => format!("\n**{}**\n", escape(text)),
        Block::Text(text) => format!("\n{}\n", escape(text)),
        Block::Remarks(remarks) => {
            format!("\n{}", remarks.iter().map(|remark| format!("> {}\n>\n", escape(remark))).collect::<String>())
        }
        Block::Table(table) => format!("\n{}", table.to_markdown()),
        Block::Figure(figure) => format!("\n{}", figure_text(figure)),
    }
}

fn figure_text(figure: &Figure) -> String {
    let panel = |(letter, stem, panel): (Option<String>, String, &super::figure::Panel)| {
        let letter = letter.map(|letter| format!("({letter}) ")).unwrap_or_default();
        format!("{letter}![{}](figures/{stem}.svg)\n\n", escape(&panel.description))
    };
    let panels: String = figure.lettered().map(panel).collect();
    format!("{panels}**{}.** {}\n", figure.label(), escape(&figure.caption))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_made_plain() {
        assert_eq!(escape("a_b|c <d> & *e*"), "a\\_b\\|c &lt;d&gt; &amp; \\*e\\*");
    }
}
