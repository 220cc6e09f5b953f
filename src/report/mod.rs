//! The report: one document of sections, written as a page, as Markdown, and as one file for each table and figure.
//!
//! A section turns the [`Study`] into blocks; blocks are numbered and then rendered, the same ones for every form. No section
//! computes a statistic: every number is read from the results, so that no two places can disagree.

mod document;
mod docx;
mod export;
mod figure;
mod font;
mod markdown;
mod number;
pub mod numbers;
mod page;
mod pdf;
pub mod plot;
mod prose;
mod sections;
pub mod stage;
mod study;
mod table;
pub mod verify;
mod webfont;

use std::path::Path;

use anyhow::Result;

pub use stage::KIND;
pub use study::Study;

use document::Document;

/// Writes the report of `study` into `out`, which is made when it is missing.
///
/// # Errors
/// When the results name a model that they do not hold, a figure cannot be drawn, or a file cannot be written.
pub fn render(study: &Study, out: &Path) -> Result<()> {
    study.check()?;
    export::write(study, &Document::of(study)?, out)
}
