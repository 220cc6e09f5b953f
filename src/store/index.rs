//! Which digest a file had when it was last read. Reading is spared only while device, inode, size, modification *and* change
//! time are what they were: the change time cannot be put back, so an edit that restores size and mtime is still noticed.
//!
//! The index is a hint. It may be lost at any moment at the cost of reading the files again, and it names no path, so moving
//! a project keeps it valid.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Digest;

/// A file's identity: device and inode.
type Identity = (u64, u64);

/// What must be unchanged for the digest to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self { size: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()), changed: (meta.ctime(), meta.ctime_nsec()) }
    }

    /// A file written within the clock's grain of being read could change again without a new stamp.
    fn is_settled(&self) -> bool {
        const GRAIN_NS: i128 = 20_000_000;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_nanos() as i128);
        now - (i128::from(self.changed.0) * 1_000_000_000 + i128::from(self.changed.1)) > GRAIN_NS
    }
}

#[derive(Debug, Default)]
struct Entries {
    known: HashMap<Identity, (Stamp, Digest)>,
    changed: bool,
}

/// The index of one cache.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    entries: Mutex<Entries>,
}

impl Index {
    /// Reads the index at `path`; a missing or damaged one is an empty one.
    pub fn open(path: PathBuf) -> Self {
        let known = fs::read(&path).ok().and_then(|bytes| parse(&bytes)).unwrap_or_default();
        Self { path, entries: Mutex::new(Entries { known, changed: false }) }
    }

    /// The digest of the file's content, read only if its stamp is not the known one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn digest(&self, path: &Path) -> io::Result<Digest> {
        let meta = fs::metadata(path)?;
        let (identity, stamp) = ((meta.dev(), meta.ino()), Stamp::of(&meta));
        if let Some((known, digest)) = self.lock().known.get(&identity)
            && *known == stamp
        {
            return Ok(*digest);
        }
        let digest = Digest::of_file(path)?;
        self.remember(identity, stamp, digest);
        Ok(digest)
    }

    /// Takes note of a digest that was computed while the file was written.
    ///
    /// # Errors
    /// When the file cannot be looked at.
    pub fn learn(&self, path: &Path, digest: Digest) -> io::Result<()> {
        let meta = fs::metadata(path)?;
        let mut entries = self.lock();
        entries.known.insert((meta.dev(), meta.ino()), (Stamp::of(&meta), digest));
        entries.changed = true;
        Ok(())
    }

    /// Writes the index if it has changed, by renaming a finished file into place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self) -> io::Result<()> {
        let mut entries = self.lock();
        if !entries.changed {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serialise(&entries.known))?;
        file.persist(&self.path).map_err(|error| error.error)?;
        entries.changed = false;
        Ok(())
    }

    fn remember(&self, identity: Identity, stamp: Stamp, digest: Digest) {
        if stamp.is_settled() {
            let mut entries = self.lock();
            entries.known.insert(identity, (stamp, digest));
            entries.changed = true;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

const MAGIC: &[u8; 8] = b"bghidx1\n";
/// Seven numbers of eight bytes and a digest.
const RECORD: usize = 7 * 8 + 32;

fn serialise(known: &HashMap<Identity, (Stamp, Digest)>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for ((device, inode), (stamp, digest)) in known {
        let signed = [stamp.modified.0, stamp.modified.1, stamp.changed.0, stamp.changed.1].map(i64::to_le_bytes);
        let numbers = [*device, *inode, stamp.size].map(u64::to_le_bytes);
        numbers.iter().chain(&signed).for_each(|number| bytes.extend(number));
        bytes.extend(digest.as_bytes());
    }
    let sum = Digest::of(&bytes);
    bytes.extend(sum.as_bytes());
    bytes
}

fn parse(bytes: &[u8]) -> Option<HashMap<Identity, (Stamp, Digest)>> {
    let (body, sum) = bytes.split_last_chunk::<32>()?;
    if Digest::of(body).as_bytes() != sum {
        return None;
    }
    let records = body.strip_prefix(MAGIC)?.chunks_exact(RECORD);
    Some(records.map(record).collect())
}

fn record(bytes: &[u8]) -> (Identity, (Stamp, Digest)) {
    let number = |at: usize| u64::from_le_bytes(bytes[at * 8..][..8].try_into().expect("BUG: eight bytes of a record"));
    let signed = |at: usize| number(at) as i64;
    let stamp = Stamp { size: number(2), modified: (signed(3), signed(4)), changed: (signed(5), signed(6)) };
    let digest = bytes[56..].try_into().expect("BUG: the rest of a record is a digest");
    ((number(0), number(1)), (stamp, Digest::from_bytes(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_known_again_and_damage_is_forgotten() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (file, saved) = (folder.path().join("file"), folder.path().join("index"));
        fs::write(&file, "hello")?;
        let index = Index::open(saved.clone());
        index.learn(&file, Digest::of(b"something else"))?;
        index.save()?;
        assert_eq!(Index::open(saved.clone()).digest(&file)?, Digest::of(b"something else"));
        let mut bytes = fs::read(&saved)?;
        bytes[20] ^= 1;
        fs::write(&saved, bytes)?;
        assert_eq!(Index::open(saved).digest(&file)?, Digest::of(b"hello"));
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
}
