//! From a file to its data set: preamble, file meta group, transfer syntax.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use dicom_dictionary_std::{tags, uids};
use flate2::read::DeflateDecoder;

use super::Fault;
use super::dataset::{Dataset, Encoding, Extent};

/// Headers of CT images are a few kilobytes; those of multi-frame objects can be megabytes.
const HEAD: u64 = 16 * 1024;
/// More than any single CT object inflates to.
const MAX_INFLATED: u64 = 256 * 1024 * 1024;
/// Retired, and still on old disks.
pub(super) const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const MAGIC: &[u8] = b"DICM";

/// The bytes of a data set and how they are written.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) transfer_syntax: String,
    encoding: Encoding,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Source<'a> {
    /// Finds the data set in the bytes of a file. Files without a preamble are told by their first element.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.get(128..132) == Some(MAGIC) {
            return Self::after_meta(&bytes[132..]);
        }
        match bytes {
            [0x02, 0, _, 0, b'A'..=b'Z', b'A'..=b'Z', ..] => Self::after_meta(bytes),
            [0x08, 0, _, 0, b'A'..=b'Z', b'A'..=b'Z', ..] => Self::new(uids::EXPLICIT_VR_LITTLE_ENDIAN, bytes),
            [0x08, 0, _, 0, _, _, 0, 0, ..] => Self::new(uids::IMPLICIT_VR_LITTLE_ENDIAN, bytes),
            _ => Err(Fault::NotDicom),
        }
    }

    fn after_meta(bytes: &'a [u8]) -> Result<Self, Fault> {
        let (meta, end) = Dataset::parse_meta(bytes)?;
        let uid = meta.bytes(tags::TRANSFER_SYNTAX_UID).ok_or(Fault::Missing("TransferSyntaxUID"))?;
        Self::new(&text(uid), &bytes[end..])
    }

    fn new(uid: &str, bytes: &'a [u8]) -> Result<Self, Fault> {
        let encoding = match uid {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Encoding::IMPLICIT_LE,
            EXPLICIT_VR_BIG_ENDIAN => Encoding::EXPLICIT_BE,
            _ => Encoding::EXPLICIT_LE,
        };
        let deflated = uid == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
        let bytes = if deflated { Cow::Owned(inflated(bytes)?) } else { Cow::Borrowed(bytes) };
        Ok(Self { transfer_syntax: uid.to_owned(), encoding, bytes })
    }

    /// Where the data set begins in `bytes`, which this was made of; `None` where it lies deflated in them.
    pub(super) fn start(&self, bytes: &[u8]) -> Option<usize> {
        if let Cow::Borrowed(dataset) = self.bytes { Some(bytes.len() - dataset.len()) } else { None }
    }

    pub(super) fn dataset(&self, extent: Extent) -> Result<Dataset<'_>, Fault> {
        Dataset::parse(&self.bytes, self.encoding, extent)
    }
}

fn inflated(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut inflated = Vec::new();
    let read = DeflateDecoder::new(bytes).take(MAX_INFLATED).read_to_end(&mut inflated);
    let length = read.map_err(|failure| Fault::Inflate(failure.to_string()))?;
    if length as u64 == MAX_INFLATED { Err(Fault::Inflate(format!("it has over {MAX_INFLATED} bytes"))) } else { Ok(inflated) }
}

/// What `facts` makes of the start of a file; of more of it while its header is longer, and of all of it where it is deflated.
pub(super) fn with_head<T>(file: &File, facts: impl Fn(&[u8]) -> Result<T, Fault>) -> Result<T, Fault> {
    let mut head = Vec::new();
    let mut wanted = HEAD;
    loop {
        // Room for all of it, so that it is one read; no more than there is, whatever is wanted.
        head.reserve_exact((file.metadata()?.len().min(wanted) as usize).saturating_sub(head.len()));
        file.take(wanted - head.len() as u64).read_to_end(&mut head)?;
        match facts(&head) {
            Err(Fault::Cut { .. } | Fault::Inflate(_)) if head.len() as u64 == wanted => wanted *= 16,
            told => return told,
        }
    }
}

/// A text value without its padding; what is not UTF-8 is replaced, for it is never an identifier.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned()
}
