//! A run told in lines, for pipes and files.

use std::time::Instant;

use super::words::line;
use crate::cli::out;
use crate::execute::{Event, Listener};

/// One line an event, told with the time since the start.
pub(super) struct Plain {
    began: Instant,
}

impl Plain {
    fn say(&self, text: &str) {
        // In one piece: standard error has no buffer, and each piece of a format is a call of its own.
        out::aside(&format!("[{:>7.1}s] {text}\n", self.began.elapsed().as_secs_f64()));
    }
}

impl Listener for Plain {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Surveyed { steps, cached } if steps == cached => {}
            Event::Progressed { .. } | Event::Cached { .. } | Event::Ended { .. } => {}
            event => self.say(&line(event)),
        }
    }
}

impl Default for Plain {
    fn default() -> Self {
        Self { began: Instant::now() }
    }
}
