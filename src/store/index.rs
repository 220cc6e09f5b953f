//! Which digest a file had when it was last read. Reading is spared only while its [`Stamp`] is what it was, so an edit that
//! restores size and mtime is still noticed.
//!
//! The index is a hint. It may be lost at any moment at the cost of reading the files again, and it names no path, so moving
//! a project keeps it valid.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use super::stamp::Identity;
use super::table::Table;
use super::{Digest, Stamp};

/// Device and inode, eight bytes each.
const KEY: usize = 16;

/// The index of one cache.
#[derive(Debug)]
pub struct Index {
    known: Table<KEY>,
    learned: RwLock<BTreeMap<[u8; KEY], Vec<u8>>>,
    trusting: bool,
}

impl Index {
    /// Reads the index at `path`; a missing or damaged one is an empty one.
    pub fn open(path: PathBuf) -> Self {
        Self { known: Table::open(path), learned: RwLock::default(), trusting: true }
    }

    /// Believes nothing that was learned before this run.
    pub(super) fn distrust(&mut self) {
        self.trusting = false;
    }

    /// The digest of the file's content, read only if its stamp is not the known one.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold still for it.
    pub fn digest(&self, path: &Path) -> io::Result<Digest> {
        self.look(path).map(|(_, digest)| digest)
    }

    /// The same with the stamp that the file had.
    pub(super) fn look(&self, path: &Path) -> io::Result<(Stamp, Digest)> {
        let stamp = Stamp::of(&fs::metadata(path)?);
        match self.known(&stamp) {
            Some(digest) => Ok((stamp, digest)),
            None => self.read(path),
        }
    }

    /// Reads a file between two looks at it. A mixture of two contents is nobody's digest, so a file that changed meanwhile is
    /// read again, and one that keeps changing is an error.
    fn read(&self, path: &Path) -> io::Result<(Stamp, Digest)> {
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let (file, began) = (File::open(path)?, SystemTime::now());
            let before = Stamp::of(&file.metadata()?);
            let digest = Digest::of_content(&file, before.size());
            if Stamp::of(&file.metadata()?) != before {
                continue;
            }
            let digest = digest?;
            if before.is_settled_at(began) {
                self.remember(&before, digest);
            }
            return Ok((before, digest));
        }
        Err(io::Error::other("it changes while it is being read; run again when its writer is done"))
    }

    /// Takes note of a digest that was computed while the file was written.
    ///
    /// # Errors
    /// When the file cannot be looked at.
    pub fn learn(&self, path: &Path, digest: Digest) -> io::Result<()> {
        let stamp = Stamp::of(&fs::metadata(path)?);
        if self.known(&stamp) != Some(digest) {
            self.remember(&stamp, digest);
        }
        Ok(())
    }

    /// Writes what was learned, if anything was, by renaming a finished file into place; `tmp` is a folder for it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn save(&self, tmp: &Path) -> io::Result<()> {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        if learned.is_empty() { Ok(()) } else { self.known.extend(&learned, tmp) }
    }

    fn known(&self, stamp: &Stamp) -> Option<Digest> {
        let key = key(stamp.identity());
        let matching = |value: &[u8]| postcard::from_bytes::<(Stamp, Digest)>(value).ok().filter(|known| known.0 == *stamp);
        let earlier = self.known.get(&key).filter(|_| self.trusting).and_then(matching);
        let known = earlier.or_else(|| {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            learned.get(&key).and_then(|value| matching(value))
        });
        known.map(|(_, digest)| digest)
    }

    fn remember(&self, stamp: &Stamp, digest: Digest) {
        let value = postcard::to_stdvec(&(stamp, digest)).expect("BUG: numbers serialise");
        self.learned.write().unwrap_or_else(PoisonError::into_inner).insert(key(stamp.identity()), value);
    }
}

fn key([device, inode]: Identity) -> [u8; KEY] {
    let mut key = [0; KEY];
    key[..8].copy_from_slice(&device.to_le_bytes());
    key[8..].copy_from_slice(&inode.to_le_bytes());
    key
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_is_saved_is_known_again_and_damage_is_forgotten() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (file, saved) = (folder.path().join("file"), folder.path().join("index"));
        fs::write(&file, "hello")?;
        let index = Index::open(saved.clone());
        index.learn(&file, Digest::of(b"something else"))?;
        index.save(folder.path())?;
        assert_eq!(Index::open(saved.clone()).digest(&file)?, Digest::of(b"something else"));
        let mut bytes = fs::read(&saved)?;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&saved, bytes)?;
        assert_eq!(Index::open(saved).digest(&file)?, Digest::of(b"hello"));
        Ok(())
    }

    #[test]
    fn who_distrusts_reads() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (file, saved) = (folder.path().join("file"), folder.path().join("index"));
        fs::write(&file, "hello")?;
        let index = Index::open(saved.clone());
        index.learn(&file, Digest::of(b"something else"))?;
        index.save(folder.path())?;
        let mut index = Index::open(saved);
        index.distrust();
        assert_eq!(index.digest(&file)?, Digest::of(b"hello"));
        Ok(())
    }

    #[test]
    fn an_edit_with_size_and_mtime_put_back_is_noticed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("file");
        fs::write(&file, "one")?;
        let index = Index::open(folder.path().join("index"));
        index.learn(&file, Digest::of(b"one"))?;
        let times = fs::FileTimes::new().set_modified(fs::metadata(&file)?.modified()?);
        let before = fs::metadata(&file)?;
        // The change time moves with the kernel's clock tick; write until it has.
        while (fs::metadata(&file)?.ctime(), fs::metadata(&file)?.ctime_nsec()) == (before.ctime(), before.ctime_nsec()) {
            fs::write(&file, "two")?;
            fs::File::options().write(true).open(&file)?.set_times(times)?;
        }
        assert_eq!(fs::metadata(&file)?.modified()?, before.modified()?);
        assert_eq!(index.digest(&file)?, Digest::of(b"two"));
        Ok(())
    }

    #[test]
    fn a_file_written_to_while_it_is_read_never_has_a_mixed_digest() -> io::Result<()> {
        const SIZE: usize = 8 << 20;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        let contents = [vec![0u8; SIZE], vec![1u8; SIZE]];
        fs::write(&path, &contents[0])?;
        let index = Index::open(folder.path().join("index"));
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                use std::os::unix::fs::FileExt;
                let file = File::options().write(true).open(&path).expect("opened");
                for turn in 1.. {
                    file.write_all_at(&contents[turn % 2], 0).expect("written");
                    if done.load(std::sync::atomic::Ordering::Relaxed) {
                        break;
                    }
                }
            });
            for _ in 0..20 {
                let _refused_or_whole = index.digest(&path);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let last = Digest::of(&fs::read(&path)?);
        assert!(contents.iter().any(|content| Digest::of(content) == last), "the writer ended with a whole content");
        assert_eq!(index.digest(&path)?, last, "nothing that was learned meanwhile stands for what the file holds now");
        Ok(())
    }
}
