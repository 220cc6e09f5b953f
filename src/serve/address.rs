//! Addresses of pages, encoded: labels and file names may hold any character.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `/a/b c/d` from its parts; a slash within a part divides it as well.
pub(super) fn path<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().flat_map(|part| part.split('/'));
    parts.map(|part| format!("/{}", encoded(part))).collect()
}

/// Of a run.
pub(super) fn run(id: &str) -> String {
    path(["runs", id])
}

/// Of a page about a run.
pub(super) fn of_run(id: &str, page: &str) -> String {
    path(["runs", id, page])
}

/// Of a step, by its position in the run.
pub(super) fn step(run: &str, step: usize) -> String {
    path(["runs", run, "steps", &step.to_string()])
}

/// Of a page about a step.
pub(super) fn of_step(run: &str, at: usize, page: &str) -> String {
    format!("{}/{page}", step(run, at))
}

/// Of a file that a step made.
pub(super) fn file(run: &str, at: usize, port: &str, name: &str) -> String {
    step(run, at) + &path(["files", port, name])
}

/// One value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_stay_within_their_part() {
        assert_eq!(file("r", 3, "out", "a b/ü?.csv"), "/runs/r/steps/3/files/out/a%20b/%C3%BC%3F.csv");
    }
}
