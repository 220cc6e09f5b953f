//! The form of a table, and how it is seen from its first lines.

use super::Fault;

/// What is known about the form of a table before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What stands between two cells; `None` to see it from the first lines.
    pub delimiter: Option<u8>,
    /// Whether the first line names the columns; else they are called `1`, `2`, …
    pub header: bool,
}

/// By preference where several would do. Blanks come from R's `write.table`.
const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b' '];
/// So many lines show the form of a table.
const LINES: usize = 20;

/// The part of the head behind a byte-order mark.
///
/// # Errors
/// When the bytes are no text in which ASCII stands for itself.
pub(crate) fn text(head: &[u8]) -> Result<&[u8], Fault> {
    let refused = |fact: &str, advice: &str| Err(Fault::of_table(fact, advice));
    match head {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(rest),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => refused("is UTF-16 text", "save it as UTF-8: `CSV UTF-8` in a spreadsheet"),
        [b'P', b'K', 3, 4, ..] => refused("is a spreadsheet or archive, not text", "export the sheet as CSV"),
        [0x1f, 0x8b, ..] => refused("is compressed by gzip", "unpack it first: `gunzip FILE`"),
        head if head.contains(&0) => refused("is not text: it holds zero bytes", "give a CSV file"),
        head => Ok(head),
    }
}

/// The delimiter that cuts all of the first lines into equally many cells, two or more; the header may lack one, as it does where R
/// writes names of rows. The most cells win, then a header that lacks none.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let fitting = DELIMITERS.iter().enumerate().filter_map(|(place, &delimiter)| {
        let (cuts, complete) = cuts(head, delimiter)?;
        // A blank may stand within cells, so that it only counts where nothing else does.
        Some(((delimiter != b' ', complete, cuts, DELIMITERS.len() - place), delimiter))
    });
    fitting.max().map_or(b',', |(_, delimiter)| delimiter)
}

/// How often each line is cut, and whether this holds for the header too.
fn cuts(head: &[u8], delimiter: u8) -> Option<(usize, bool)> {
    let counts: Vec<usize> = lines(head).into_iter().map(|line| count(line, delimiter)).collect();
    let (&header, body) = counts.split_first()?;
    let cuts = *body.first().unwrap_or(&header);
    let even = cuts > 0 && body.iter().all(|&count| count == cuts) && (header == cuts || header + 1 == cuts);
    even.then_some((cuts, header == cuts))
}

/// The first lines, without a last one that the end of the head may have cut.
fn lines(head: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = head.split(|&byte| byte == b'\n' || byte == b'\r').filter(|line| !line.is_empty()).collect();
    if lines.len() > 2 && !head.ends_with(b"\n") {
        lines.pop();
    }
    lines.truncate(LINES);
    lines
}

/// Delimiters of a line outside of quotes.
fn count(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let outside = line.iter().filter(|&&byte| {
        quoted ^= byte == b'"';
        !quoted && byte == delimiter
    });
    outside.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_cuts_evenly() {
        let seen = |head: &str| char::from(delimiter(head.as_bytes()));
        assert_eq!(seen("y,a\n1,0.5\n0,0.2\n"), ',');
        assert_eq!(seen("y;a\n1;0,5\n0;0,2\n"), ';');
        assert_eq!(seen("y\ta, b\n1\t0.5\n"), '\t');
        assert_eq!(seen("y|a|b\n1|2|3\n"), '|');
        assert_eq!(seen("\"y\" \"a\"\n\"1\" 0 0.5\n\"2\" 1 0.6\n"), ' ');
        assert_eq!(seen("\"name, first\";y\n\"Doe, J\";1\n"), ';');
        assert_eq!(seen("\"y\",\"a\"\r\n1,0.5\r\n"), ',');
    }

    #[test]
    fn what_is_no_text_is_refused_with_a_way_out() {
        assert_eq!(text(b"\xef\xbb\xbfy,a"), Ok(&b"y,a"[..]));
        for head in [&b"\xff\xfey\0"[..], b"PK\x03\x04", b"\x1f\x8b\x08", b"y\0a"] {
            assert!(text(head).is_err_and(|fault| fault.advice.is_some()), "{head:?}");
        }
    }
}
