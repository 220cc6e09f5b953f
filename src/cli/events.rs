//! `--json-events`: what happens in a run as JSON, an object a line, in the form of the journal's lines.

use std::fs::File;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Failure;
use crate::execute::{Event, Listener};
use crate::history::Line;

/// Writes each event at once, for a program that reads along.
pub(super) struct JsonEvents {
    place: PathBuf,
    out: Option<Box<dyn Write>>,
}

impl JsonEvents {
    /// To a file, which is made anew; to standard output for `-`.
    pub(super) fn to(place: &Path) -> Result<Self, Failure> {
        if is_stdout(place) {
            return Ok(Self { place: "standard output".into(), out: Some(Box::new(stdout())) });
        }
        let file = File::create(place).with_context(|| format!("cannot write the events to {}", place.display()));
        file.map(|file| Self { place: place.to_owned(), out: Some(Box::new(file)) })
            .map_err(|error| Failure::environment(&error))
    }
}

/// Whether the events are what standard output is for, so that nothing else may stand there.
pub(super) fn is_stdout(place: &Path) -> bool {
    place.as_os_str() == "-"
}

impl Listener for JsonEvents {
    fn event(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let line = Line::now(event.clone()).json();
        if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
            errln!("warning: cannot write the events to {}: {error}; the run goes on without them", self.place.display());
            self.out = None;
        }
    }
}
