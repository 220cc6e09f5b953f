//! Where each word of a document was written, and the log of what is wrong with it.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Place, Spot};

/// A text that a part of the spec comes from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file as the author named it, or `--set`.
    pub(crate) name: String,
    /// Where relative paths within start.
    pub(crate) folder: PathBuf,
    /// All of it.
    pub(crate) text: String,
}

/// Where a word was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    /// Which source, by its number.
    pub(crate) source: usize,
    /// Bytes within; none where the whole source is meant.
    pub(crate) span: Option<Range<usize>>,
}

/// The texts of a document and the faults found in them so far.
#[derive(Debug)]
pub(crate) struct Log {
    /// What people call the document as a whole.
    pub(crate) document: &'static str,
    sources: Vec<Source>,
    faults: RefCell<Vec<Fault>>,
}

impl Log {
    /// Nothing read of a document that people call so (`the spec`).
    pub(crate) fn of(document: &'static str) -> Self {
        Self { document, sources: Vec::new(), faults: RefCell::default() }
    }

    /// Keeps a text and gives its number.
    pub(crate) fn add(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }

    /// The text of this number.
    pub(crate) fn text(&self, source: usize) -> &str {
        &self.sources[source].text
    }

    /// The folder that relative paths written at `origin` start from.
    pub(crate) fn folder(&self, origin: &Origin) -> &Path {
        &self.sources[origin.source].folder
    }

    /// Notes a fault at `origin`; what was noted before is not noted again, since cells of a design share most of their text.
    pub(crate) fn fault(&self, origin: &Origin, fact: impl Into<String>, hint: impl Into<String>) {
        let source = &self.sources[origin.source];
        let spot = origin.span.clone().map(|span| Spot::new(&source.text, span));
        self.fault_in(Place { file: source.name.clone(), spot }, fact, hint);
    }

    /// Notes a fault of a file that could not become a source.
    pub(crate) fn fault_in(&self, place: Place, fact: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        let fault = Fault { place, fact: fact.into(), hint };
        let mut faults = self.faults.borrow_mut();
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Faults found so far.
    pub(crate) fn count(&self) -> usize {
        self.faults.borrow().len()
    }

    /// Every fault found.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }
}
