//! Whether texts of one place occur in the files of another, inside compressed streams as well.
//!
//! Used to show that identifiers of patients stay out of what is kept and passed on. A leak tells where and of which kind, never the
//! text itself: its report may be passed on.

use std::collections::BTreeSet;
use std::io::Read;

use aho_corasick::{AhoCorasick, BuildError};
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// A stream that inflates to more is searched this far.
const MAX_INFLATED: u64 = 256 * 1024 * 1024;
/// Streams within streams.
const MAX_DEPTH: usize = 3;

/// Finds any of many texts, letters of either case alike.
#[derive(Debug)]
pub(super) struct Search {
    texts: AhoCorasick,
    kinds: Vec<&'static str>,
}

impl Search {
    /// From texts with the kind of each.
    pub(super) fn of(texts: impl IntoIterator<Item = (String, &'static str)>) -> Result<Self, BuildError> {
        let (texts, kinds): (Vec<_>, Vec<_>) =
            texts.into_iter().flat_map(|(text, kind)| encodings(&text).map(|bytes| (bytes, kind))).unzip();
        let texts = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts)?;
        Ok(Self { texts, kinds })
    }

    /// The kinds of texts that occur in these bytes or in streams that they hold.
    pub(super) fn kinds(&self, bytes: &[u8]) -> BTreeSet<&'static str> {
        let mut found = BTreeSet::new();
        self.collect(bytes, 0, &mut found);
        found
    }

    fn collect(&self, bytes: &[u8], depth: usize, found: &mut BTreeSet<&'static str>) {
        found.extend(self.texts.find_overlapping_iter(bytes).map(|hit| self.kinds[hit.pattern().as_usize()]));
        if depth < MAX_DEPTH {
            streams(bytes, |inflated| self.collect(&inflated, depth + 1, found));
        }
    }
}

/// A text in UTF-8 and in UTF-16 of both orders.
fn encodings(text: &str) -> [Vec<u8>; 3] {
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)]
}

/// Hands over whatever inflates: gzip members, zlib streams, entries of zip archives, the image data of PNG.
fn streams(bytes: &[u8], mut with: impl FnMut(Vec<u8>)) {
    if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        with(inflated(ZlibDecoder::new(image_data(bytes).as_slice())));
    }
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        let inflated = match rest {
            [0x1F, 0x8B, 8, ..] => inflated(GzDecoder::new(rest)),
            [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => inflated(ZlibDecoder::new(rest)),
            [b'P', b'K', 3, 4, ..] => entry(rest).map_or_else(Vec::new, |entry| inflated(DeflateDecoder::new(entry))),
            _ => continue,
        };
        if !inflated.is_empty() {
            with(inflated);
        }
    }
}

/// What comes out before the stream ends or breaks.
fn inflated(stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A broken stream still shows what came before.
    stream.take(MAX_INFLATED).read_to_end(&mut bytes).ok();
    bytes
}

/// The bytes behind the local header of a zip entry (APPNOTE 4.3.7).
fn entry(header: &[u8]) -> Option<&[u8]> {
    let length = |at: usize| Some(usize::from(u16::from_le_bytes([*header.get(at)?, *header.get(at + 1)?])));
    header.get(30 + length(26)? + length(28)?..)
}

/// The image data of a PNG, which may be cut into chunks anywhere.
fn image_data(png: &[u8]) -> Vec<u8> {
    let (mut data, mut at) = (Vec::new(), 8);
    while let Some((length, rest)) = png.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) {
        let length = u32::from_be_bytes(*length) as usize;
        if rest.starts_with(b"IDAT") {
            data.extend_from_slice(&rest[4..rest.len().min(4 + length)]);
        }
        at = at.saturating_add(12).saturating_add(length);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    const TEXT: &[u8] = b"the head of doe^jane, seen on a monday";

    fn zipped() -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(TEXT).expect("in memory");
        let header = [b"PK\x03\x04".as_slice(), &[0; 22], &[3, 0, 0, 0], b"a.b"].concat();
        [header, encoder.finish().expect("in memory")].concat()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    /// A PNG whose stream is cut into chunks of 7 bytes.
    fn png() -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(TEXT).expect("in memory");
        let stream = encoder.finish().expect("in memory");
        let chunk = |data: &[u8]| [&(data.len() as u32).to_be_bytes(), b"IDAT".as_slice(), data, &[0; 4]].concat();
        [b"\x89PNG\r\n\x1A\n".to_vec(), stream.chunks(7).flat_map(chunk).collect()].concat()
    }

    #[test]
    fn texts_are_found_wherever_they_hide() -> Result<(), BuildError> {
        let search = Search::of([("Doe^Jane".to_owned(), "PatientName"), ("19500203".to_owned(), "PatientBirthDate")])?;
        let hidden = [TEXT.to_vec(), gzipped(TEXT), zipped(), png(), [b"noise".to_vec(), gzipped(&zipped())].concat()];
        for (place, bytes) in hidden.iter().enumerate() {
            assert_eq!(search.kinds(bytes), BTreeSet::from(["PatientName"]), "place {place}");
        }
        assert!(search.kinds(b"nothing of hers, 1950-02-03").is_empty());
        assert!(search.kinds(&gzipped(b"nothing")).is_empty());
        Ok(())
    }

    #[test]
    fn broken_streams_are_no_panic() -> Result<(), BuildError> {
        let search = Search::of([("Doe^Jane".to_owned(), "PatientName")])?;
        for whole in [gzipped(TEXT), zipped(), png()] {
            for end in 0..whole.len() {
                search.kinds(&whole[..end]);
            }
        }
        Ok(())
    }
}
