//! Reads a file of events while it grows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::PathBuf;

use super::Line;

/// The lines that were appended since the last look.
#[derive(Debug, Clone)]
pub struct Tail {
    path: PathBuf,
    at: u64,
}

impl Tail {
    /// Of the file at `path`, from its beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, at: 0 }
    }

    /// Whole new lines; one that is still being written comes next time, and one of a kind that this version does not know is
    /// passed over.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<Line>> {
        self.read_about("")
    }

    /// The same, of lines in which `text` stands: most of a long run is progress, and to find a line costs less than to
    /// understand it.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_about(&mut self, text: &str) -> io::Result<Vec<Line>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.at))?;
        let (mut reader, mut bytes, mut lines) = (BufReader::new(file), vec![], vec![]);
        while reader.read_until(b'\n', &mut bytes)? > 0 && bytes.ends_with(b"\n") {
            self.at += bytes.len() as u64;
            let line = std::str::from_utf8(&bytes).ok().filter(|line| line.contains(text));
            lines.extend(line.and_then(|line| serde_json::from_str::<Line>(line).ok()));
            bytes.clear();
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::execute::Event;

    #[test]
    fn half_a_line_waits_for_its_end_and_an_unknown_event_is_passed_over() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("events.jsonl");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.read()?, []);
        let line = Line::now(Event::Interrupted { at_once: true });
        let json = line.json();
        let mut file = File::create(&path)?;
        write!(file, "{{\"at\":1,\"event\":\"of a later version\"}}\n{}", &json[..9])?;
        assert_eq!(tail.read()?, []);
        write!(file, "{}", &json[9..])?;
        assert_eq!(tail.read()?, [line]);
        assert_eq!(tail.read()?, []);
        assert_eq!(Tail::new(path.clone()).read_about("started")?, []);
        assert_eq!(Tail::new(path).read_about("interrupted")?.len(), 1);
        Ok(())
    }
}
