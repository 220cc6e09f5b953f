//! Standard output and standard error, which may be full or closed: no reason to panic, and of the first no reason to say nothing.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};

use super::Exit;

/// Prints a line; [`outln!`] calls it. That the reader has seen enough is no fault. Where the line cannot be written, the process says
/// so and ends: what it was asked for is an answer.
pub(super) fn line(text: Arguments<'_>) {
    text_of(format_args!("{text}\n"));
}

/// Prints a text as it is.
pub(super) fn text_of(text: Arguments<'_>) {
    match stdout().write_fmt(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            errln!("error: cannot write to standard output: {error}");
            std::process::exit(Exit::Environment as i32)
        }
        _ => {}
    }
}

/// Says something on standard error, in one piece: it has no buffer. Where nobody can hear it, the work goes on.
pub(super) fn aside(text: &str) {
    stderr().write_all(text.as_bytes()).ok();
}
