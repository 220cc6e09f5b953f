//! What a person sees of a run: in a terminal the steps under way, drawn over and over; elsewhere one plain line an event.

mod outlook;
mod plain;
mod screen;
mod terminal;
mod words;

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::execute::Listener;

pub(super) use outlook::Outlook;
pub(super) use words::clock;

/// The listener that fits where standard error goes.
pub(super) fn listener(experiment: &str, outlook: impl FnOnce() -> Outlook) -> Box<dyn Listener> {
    if stderr().is_terminal() {
        Box::new(terminal::Terminal::start(experiment, outlook()))
    } else {
        Box::new(plain::Plain::default())
    }
}

/// A single bar; invisible where standard error is not a terminal.
pub(super) fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}").expect("BUG: the template is a constant");
    ProgressBar::new(total).with_style(style.progress_chars("━╸ "))
}
