//! The report as a list of sections made of numbered blocks, before it takes a form.

use anyhow::Result;

use super::figure::Figure;
use super::sections::SECTIONS;
use super::study::Study;
use super::table::{Series, Table};
use crate::stage::paper::Paper;

/// One piece of a section.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    /// The sentence that a reader in a hurry reads.
    Key(String),
    /// A paragraph.
    Text(String),
    /// Remarks that must not be overlooked.
    Remarks(Vec<String>),
    /// A table.
    Table(Table),
    /// A figure.
    Figure(Figure),
}

/// A section with its blocks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chapter {
    /// Anchor within the page.
    pub(super) id: &'static str,
    /// Heading.
    pub(super) heading: &'static str,
    /// What it is made of.
    pub(super) blocks: Vec<Block>,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Title.
    pub(super) title: String,
    /// Sections that have something to say.
    pub(super) chapters: Vec<Chapter>,
}

impl Document {
    /// Lets every section speak and numbers what they show.
    ///
    /// # Errors
    /// When a figure cannot be drawn.
    pub(super) fn of(study: &Study) -> Result<Self> {
        let mut chapters = Vec::new();
        for section in SECTIONS {
            let blocks = (section.blocks)(study)?;
            if !blocks.is_empty() {
                chapters.push(Chapter { id: section.id, heading: section.heading, blocks });
            }
        }
        number(&mut chapters);
        print_for(study.params.paper, &mut chapters);
        Ok(Self { title: study.params.title.clone(), chapters })
    }

    /// All tables in order.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks().filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None })
    }

    /// All figures in order.
    pub(super) fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks().filter_map(|block| if let Block::Figure(figure) = block { Some(figure) } else { None })
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.chapters.iter().flat_map(|chapter| &chapter.blocks)
    }
}

/// Gives every figure the width and the dots of the journal.
fn print_for(paper: Paper, chapters: &mut [Chapter]) {
    for block in chapters.iter_mut().flat_map(|chapter| &mut chapter.blocks) {
        if let Block::Figure(figure) = block {
            figure.panels.iter_mut().for_each(|panel| panel.paper = paper);
        }
    }
}

fn number(chapters: &mut [Chapter]) {
    let (mut main, mut supplement, mut figures) = (0, 0, 0);
    for block in chapters.iter_mut().flat_map(|chapter| &mut chapter.blocks) {
        let (counter, number) = match block {
            Block::Table(table) if table.series == Series::Main => (&mut main, &mut table.number),
            Block::Table(table) => (&mut supplement, &mut table.number),
            Block::Figure(figure) => (&mut figures, &mut figure.number),
            Block::Key(_) | Block::Text(_) | Block::Remarks(_) => continue,
        };
        *counter += 1;
        *number = *counter;
    }
}
