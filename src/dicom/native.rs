//! Uncompressed values: in the bytes that were read, or still in their file.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::Fault;

/// Where uncompressed values are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Native<'a> {
    Read(&'a [u8]),
    /// From this byte of the file on.
    InFile(&'a File, u64),
}

/// How much is read at a time: what stays in the cache of a core beside what is made of it.
pub(super) const PIECE: usize = 1 << 15;

impl Native<'_> {
    /// Hands these bytes to `with`, in pieces of whole values.
    pub(super) fn pieces(self, bytes: Range<usize>, mut with: impl FnMut(&[u8])) -> Result<(), Fault> {
        let mut buffer = vec![0; PIECE.min(bytes.len())];
        for at in bytes.clone().step_by(PIECE) {
            let length = PIECE.min(bytes.end - at);
            match self {
                Self::Read(read) => with(&read[at..][..length]),
                Self::InFile(file, start) => {
                    file.read_exact_at(&mut buffer[..length], start + at as u64)?;
                    with(&buffer[..length]);
                }
            }
        }
        Ok(())
    }
}
