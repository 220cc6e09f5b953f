//! Lines on standard output.

use std::io::{self, ErrorKind, Write};

use super::Failure;

/// The longest line that is printed of a listing.
const WIDTH: usize = 100;

/// Prints many lines at once; that the reader has seen enough is no fault.
pub(super) fn print(lines: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = lines.into_iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::Error::from(error).into()),
        _ => Ok(()),
    }
}

/// The line, or as much of its beginning as fits; `--json` and `bgh explain` tell all of it.
pub(super) fn fit(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// A text over several lines that fit, each but the first begun with `indent`.
pub(super) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("BUG: there is a line");
        if line.trim().is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_or_wrapped() {
        let long = "word ".repeat(30);
        assert_eq!(fit(&long).chars().count(), WIDTH);
        let lines = wrapped(long.trim(), "  ");
        assert!(lines.len() == 2 && lines[1].starts_with("  word") && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(fit("short"), "short");
    }
}
