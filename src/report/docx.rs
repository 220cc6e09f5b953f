//! The report as a Word manuscript: Office Open XML (ECMA-376), written with the same templates as the page. Headings, captions and
//! tables are Word's own, so that authors can edit them and reviewers can jump; figures carry their words.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use maud::{Markup, PreEscaped, html};
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::document::{Block, Chapter, Document};
use super::figure::Figure;
use super::table::{Cell, Column, Table};

const EMU_PER_MM: f64 = 36_000.0;
/// Within the margins of a page, with room for a caption.
const ROOM_MM: (f64, f64) = (174.0, 225.0);
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006";

/// A figure, or a sheet of one, as pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// The file.
    pub(super) png: Vec<u8>,
    /// Width and height in print, millimetres.
    pub(super) size_mm: (f64, f64),
    /// For those who cannot see it.
    pub(super) description: String,
}

/// By the stem of their files.
pub(super) type Pictures = BTreeMap<String, Picture>;

/// The whole report; `pictures` are its figures.
///
/// # Errors
/// When the archive cannot be made.
pub(super) fn manuscript(document: &Document, pictures: &Pictures) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Dates are left at the format's first day: equal reports are equal files.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let parts = [
        ("[Content_Types].xml", content_types()),
        ("_rels/.rels", package_relations()),
        ("word/_rels/document.xml.rels", relations(pictures.keys())),
        ("word/styles.xml", styles()),
        ("word/document.xml", body(document, pictures)),
    ];
    for (name, part) in parts {
        archive.start_file(name, options)?;
        archive.write_all(format!("{DECLARATION}{}", part.into_string()).as_bytes())?;
    }
    for (stem, picture) in pictures {
        archive.start_file(format!("word/media/{stem}.png"), options.compression_method(CompressionMethod::Stored))?;
        archive.write_all(&picture.png)?;
    }
    Ok(archive.finish().context("cannot make report.docx")?.into_inner())
}

fn content_types() -> Markup {
    let word = |part: &str| format!("application/vnd.openxmlformats-officedocument.wordprocessingml.{part}+xml");
    html! {
        Types xmlns={ (PACKAGE) "/content-types" } {
            Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" {}
            Default Extension="xml" ContentType="application/xml" {}
            Default Extension="png" ContentType="image/png" {}
            Override PartName="/word/document.xml" ContentType=(word("document.main")) {}
            Override PartName="/word/styles.xml" ContentType=(word("styles")) {}
        }
    }
}

fn package_relations() -> Markup {
    html! {
        Relationships xmlns={ (PACKAGE) "/relationships" } {
            Relationship Id="rId1" Type={ (OFFICE) "/officeDocument" } Target="word/document.xml" {}
        }
    }
}

fn relations<'a>(stems: impl Iterator<Item = &'a String>) -> Markup {
    html! {
        Relationships xmlns={ (PACKAGE) "/relationships" } {
            Relationship Id="styles" Type={ (OFFICE) "/styles" } Target="styles.xml" {}
            @for stem in stems { Relationship Id=(stem) Type={ (OFFICE) "/image" } Target={ "media/" (stem) ".png" } {} }
        }
    }
}

fn styles() -> Markup {
    let style = |id: &str, name: &str, before: u32, after: u32, look: Markup| {
        html! {
            w:style w:type="paragraph" w:styleId=(id) {
                w:name w:val=(name) {}
                w:basedOn w:val="Normal" {}
                w:qFormat {}
                w:pPr { w:spacing w:before=(before) w:after=(after) {} }
                w:rPr { (look) }
            }
        }
    };
    let bold = |half_points: u32| html! { w:b {} w:sz w:val=(half_points) {} };
    html! {
        w:styles xmlns:w=(MAIN) {
            w:docDefaults {
                w:rPrDefault { w:rPr { w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial" {} w:sz w:val="20" {} w:lang w:val="en-US" {} } }
                w:pPrDefault { w:pPr { w:spacing w:after="120" w:line="276" w:lineRule="auto" {} } }
            }
            w:style w:type="paragraph" w:default="1" w:styleId="Normal" { w:name w:val="Normal" {} }
            (style("Title", "Title", 0, 240, bold(34)))
            (style("Heading1", "heading 1", 360, 120, bold(26)))
            (style("Key", "Key finding", 0, 160, bold(22)))
            (style("Caption", "caption", 160, 80, html! { w:sz w:val="18" {} }))
            (style("TableText", "Table text", 30, 30, html! { w:sz w:val="16" {} }))
            (style("Remark", "Table remark", 40, 0, html! { w:sz w:val="15" {} }))
        }
    }
}

fn body(document: &Document, pictures: &Pictures) -> Markup {
    html! {
        w:document xmlns:w=(MAIN) xmlns:r=(OFFICE) xmlns:wp={ (DRAWING) "/wordprocessingDrawing" } xmlns:a={ (DRAWING) "/main" }
            xmlns:pic={ (DRAWING) "/picture" } {
            w:body {
                (paragraph("Title", None, &document.title))
                @for chapter in &document.chapters { (section(chapter, pictures)) }
                w:sectPr {
                    w:pgSz w:w="11906" w:h="16838" {}
                    w:pgMar w:top="1134" w:right="1021" w:bottom="1134" w:left="1021" w:header="567" w:footer="567" w:gutter="0" {}
                }
            }
        }
    }
}

fn section(chapter: &Chapter, pictures: &Pictures) -> Markup {
    html! {
        w:p { w:pPr { w:pStyle w:val="Heading1" {} w:keepNext {} w:outlineLvl w:val="0" {} } (run(chapter.heading, false)) }
        @for part in &chapter.blocks { (block(part, pictures)) }
    }
}

fn block(block: &Block, pictures: &Pictures) -> Markup {
    match block {
        Block::Key(text) => paragraph("Key", None, text),
        Block::Text(text) => paragraph("Normal", None, text),
        Block::Remarks(remarks) => html! { @for remark in remarks { (paragraph("Normal", None, remark)) } },
        Block::Table(table) => exhibit_table(table),
        Block::Figure(figure) => exhibit_figure(figure, pictures),
    }
}

/// A paragraph of this style; `label` stands before its text in bold.
fn paragraph(style: &str, label: Option<&str>, text: &str) -> Markup {
    html! {
        w:p {
            w:pPr { w:pStyle w:val=(style) {} }
            @if let Some(label) = label { (run(label, true)) }
            (run(text, false))
        }
    }
}

fn run(text: &str, bold: bool) -> Markup {
    html! { w:r { @if bold { w:rPr { w:b {} } } (characters(text)) } }
}

fn raised(text: &str) -> Markup {
    html! { @if !text.is_empty() { w:r { w:rPr { w:vertAlign w:val="superscript" {} } (characters(text)) } } }
}

/// XML has no way to write control characters, not even escaped.
fn characters(text: &str) -> Markup {
    html! { w:t xml:space="preserve" { (text.replace(char::is_control, " ")) } }
}

fn exhibit_table(table: &Table) -> Markup {
    html! {
        w:p {
            w:pPr { w:pStyle w:val="Caption" {} w:keepNext {} }
            (run(&format!("{}. ", table.label()), true)) (run(&table.caption, false))
        }
        w:tbl {
            w:tblPr {
                w:tblW w:w="5000" w:type="pct" {}
                w:tblBorders { (rule("top", 8)) (rule("bottom", 8)) }
                w:tblCellMar { w:left w:w="40" w:type="dxa" {} w:right w:w="80" w:type="dxa" {} }
                w:tblLook w:firstRow="1" w:noHBand="1" w:noVBand="1" {}
                w:tblCaption w:val=(table.label()) {}
                w:tblDescription w:val=(table.caption) {}
            }
            w:tblGrid { @for _ in &table.columns { w:gridCol {} } }
            w:tr {
                w:trPr { w:cantSplit {} w:tblHeader {} }
                @for column in &table.columns { (cell(&Cell::from(column.name.as_str()).strong_if(true), column, true)) }
            }
            @for row in &table.rows {
                w:tr {
                    w:trPr { w:cantSplit {} }
                    @for (content, column) in row.iter().zip(&table.columns) { (cell(content, column, false)) }
                }
            }
        }
        @for (mark, text) in table.remarks() {
            w:p {
                w:pPr { w:pStyle w:val="Remark" {} }
                (raised(&mark.map(String::from).unwrap_or_default())) (run(text, false))
            }
        }
    }
}

fn cell(cell: &Cell, column: &Column, heading: bool) -> Markup {
    html! {
        w:tc {
            w:tcPr {
                @if heading { w:tcBorders { (rule("bottom", 4)) } }
            }
            w:p {
                w:pPr { w:pStyle w:val="TableText" {} @if column.numeric { w:jc w:val="right" {} } }
                (run(&cell.text, cell.strong)) (raised(&cell.marks))
            }
        }
    }
}

/// A border, its width in eighths of a point.
fn rule(side: &str, eighths: u32) -> Markup {
    PreEscaped(format!("<w:{side} w:val=\"single\" w:sz=\"{eighths}\" w:space=\"0\" w:color=\"000000\"/>"))
}

fn exhibit_figure(figure: &Figure, pictures: &Pictures) -> Markup {
    let printed = figure.printed();
    let shown = printed.iter().filter_map(|stem| Some((stem, pictures.get(stem)?)));
    html! {
        @for (position, (stem, picture)) in shown.enumerate() {
            w:p { w:pPr { w:keepNext {} } (drawing(figure.number * 1000 + position, stem, picture)) }
        }
        (paragraph("Caption", Some(&format!("{}. ", figure.label())), &figure.caption))
    }
}

/// As large as in print, or as the page allows.
fn drawing(id: usize, stem: &str, picture: &Picture) -> Markup {
    let (width, height) = picture.size_mm;
    let scale = (ROOM_MM.0 / width).min(ROOM_MM.1 / height).min(1.0);
    let [width, height] = [width, height].map(|length| (length * scale * EMU_PER_MM).round() as u64);
    html! {
        w:r {
            w:drawing {
                wp:inline distT="0" distB="0" distL="0" distR="0" {
                    wp:extent cx=(width) cy=(height) {}
                    wp:docPr id=(id) name=(stem) descr=(picture.description) {}
                    a:graphic {
                        a:graphicData uri={ (DRAWING) "/picture" } {
                            pic:pic {
                                pic:nvPicPr { pic:cNvPr id=(id) name=(stem) {} pic:cNvPicPr {} }
                                pic:blipFill { a:blip r:embed=(stem) {} a:stretch { a:fillRect {} } }
                                pic:spPr {
                                    a:xfrm { a:off x="0" y="0" {} a:ext cx=(width) cy=(height) {} }
                                    a:prstGeom prst="rect" { a:avLst {} }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
