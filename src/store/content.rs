//! Reading a file to its digest: pieces of it on all cores, each read and hashed while it is in the processor's cache.
//!
//! Files are read and not mapped: one that is cut short while it is mapped would end the process.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use blake3::{Hash, Hasher};

/// Bytes that one core is given at a time; a power of two, so that a piece is a whole subtree of the digest.
const PIECE: u64 = 1 << 20;
/// Bytes that are read at a time: they are hashed before the cache of a core has lost them.
const READ: u64 = 1 << 16;

/// The digest of a file of `size` bytes.
pub(super) fn hash(file: &File, size: u64) -> io::Result<Hash> {
    let hash = match size {
        0 => hash_stream(file),
        1..=PIECE => piece(file, 0, size).map(|piece| piece.finalize()),
        _ => {
            let (left, right) = halves(file, 0, size)?;
            Ok(merge_subtrees_root(&left, &right, Mode::Hash))
        }
    };
    let grew = size > 0 && file.read_at(&mut [0], size)? > 0;
    if grew { Err(io::Error::other("it grew while it was being read")) } else { hash }
}

/// What has no length beforehand, as files of the kernel, may have content all the same.
fn hash_stream(mut file: &File) -> io::Result<Hash> {
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(blake3::hash(&bytes))
}

fn halves(file: &File, offset: u64, size: u64) -> io::Result<(ChainingValue, ChainingValue)> {
    let left = left_subtree_len(size);
    let (one, other) = rayon::join(|| subtree(file, offset, left), || subtree(file, offset + left, size - left));
    Ok((one?, other?))
}

fn subtree(file: &File, offset: u64, size: u64) -> io::Result<ChainingValue> {
    if size <= PIECE {
        return piece(file, offset, size).map(|piece| piece.finalize_non_root());
    }
    let (left, right) = halves(file, offset, size)?;
    Ok(merge_subtrees_non_root(&left, &right, Mode::Hash))
}

fn piece(file: &File, offset: u64, size: u64) -> io::Result<Hasher> {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(offset);
    let mut read = vec![0; size.min(READ) as usize];
    for at in (0..size).step_by(READ as usize) {
        let read = &mut read[..(size - at).min(READ) as usize];
        file.read_exact_at(read, offset + at)?;
        hasher.update(read);
    }
    Ok(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_digest_of_the_whole() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 3 * PIECE + 1025, 5 * PIECE - 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            std::fs::write(&path, &bytes)?;
            assert_eq!(hash(&File::open(&path)?, size)?, blake3::hash(&bytes), "{size} bytes");
        }
        Ok(())
    }

    #[test]
    fn a_file_of_another_length_is_refused() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        std::fs::write(&path, [1; 100])?;
        let file = File::open(&path)?;
        assert!(hash(&file, 99).is_err() && hash(&file, 101).is_err() && hash(&file, 100).is_ok());
        Ok(())
    }
}
