//! Reading a file to its digest: pieces of it on all cores, each read and hashed while it is in the processor's cache.
//!
//! Files are read and not mapped: one that is cut short while it is mapped would end the process.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use blake3::{Hash, Hasher};

/// Bytes that one core reads at a time; a power of two, so that a piece is a whole subtree of the digest.
const PIECE: u64 = 1 << 20;

/// The digest of a file of `size` bytes.
pub(super) fn hash(file: &File, size: u64) -> io::Result<Hash> {
    let hash = match size {
        0 => hash_stream(file),
        1..=PIECE => with_piece(file, 0, size, blake3::hash),
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
        let hashed = |piece: &[u8]| Hasher::new().set_input_offset(offset).update(piece).finalize_non_root();
        return with_piece(file, offset, size, hashed);
    }
    let (left, right) = halves(file, offset, size)?;
    Ok(merge_subtrees_non_root(&left, &right, Mode::Hash))
}

fn with_piece<T>(file: &File, offset: u64, size: u64, hashed: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
    thread_local!(static PIECES: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) });
    PIECES.with_borrow_mut(|piece| {
        piece.resize(piece.len().max(size as usize), 0);
        let piece = &mut piece[..size as usize];
        file.read_exact_at(piece, offset)?;
        Ok(hashed(piece))
    })
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
