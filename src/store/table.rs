//! A map in one file: read in one go and searched where it lies, without being parsed. Every entry has a checksum of its own, so that
//! opening costs the same however large the cache is, and damage costs the damaged entry. A table is a hint: it is replaced
//! whole by a rename and never synced, and what a crash leaves of it is less, never wrong.
//!
//! ```text
//! magic · number of entries · (key · place of its entry), by key · (length · checksum · value)
//! ```
//!
//! Numbers are little-endian and eight bytes long.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::aside;

const MAGIC: &[u8; 8] = b"bghtab1\n";
const NUMBER: usize = 8;

/// A table whose keys have `K` bytes.
#[derive(Debug)]
pub(super) struct Table<const K: usize> {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl<const K: usize> Table<K> {
    const SLOT: usize = K + NUMBER;
    const SLOTS: usize = MAGIC.len() + NUMBER;

    /// Reads the table at `path`; a missing one, or something else in its place, is an empty one.
    pub(super) fn open(path: PathBuf) -> Self {
        let bytes = fs::read(&path).ok().filter(|bytes| bytes.starts_with(MAGIC)).unwrap_or_default();
        Self { path, bytes }
    }

    /// The value of `key`, unless it is missing or damaged.
    pub(super) fn get(&self, key: &[u8; K]) -> Option<&[u8]> {
        let slots = self.slots();
        let (mut low, mut high) = (0, slots.len() / Self::SLOT);
        while low < high {
            let middle = low + (high - low) / 2;
            let slot = &slots[middle * Self::SLOT..][..Self::SLOT];
            match slot[..K].cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.entry(slot),
            }
        }
        None
    }

    /// Replaces the table on disk by one that holds what it holds now, of other processes too, and `news`.
    ///
    /// # Errors
    /// When the disk refuses; then the table is what it was.
    pub(super) fn extend(&self, news: &BTreeMap<[u8; K], Vec<u8>>, tmp: &Path) -> io::Result<()> {
        let there = Self::open(self.path.clone());
        let mut all: BTreeMap<[u8; K], &[u8]> = there.iter().collect();
        all.extend(news.iter().map(|(key, value)| (*key, value.as_slice())));
        let mut file = BufWriter::new(aside(tmp)?);
        write(&all, &mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = ([u8; K], &[u8])> {
        let slots = self.slots().chunks_exact(Self::SLOT);
        slots.filter_map(|slot| Some((slot[..K].try_into().ok()?, self.entry(slot)?)))
    }

    fn slots(&self) -> &[u8] {
        let count = number(&self.bytes, MAGIC.len()).unwrap_or(0);
        let end = count.checked_mul(Self::SLOT).and_then(|size| size.checked_add(Self::SLOTS));
        end.and_then(|end| self.bytes.get(Self::SLOTS..end)).unwrap_or_default()
    }

    fn entry(&self, slot: &[u8]) -> Option<&[u8]> {
        let at = number(slot, K)?;
        let (length, start) = (number(&self.bytes, at)?, at.checked_add(2 * NUMBER)?);
        let value = self.bytes.get(start..start.checked_add(length)?)?;
        (self.bytes[start - NUMBER..start] == sum(&slot[..K], value)).then_some(value)
    }
}

fn write<const K: usize>(all: &BTreeMap<[u8; K], &[u8]>, file: &mut impl Write) -> io::Result<()> {
    file.write_all(MAGIC)?;
    file.write_all(&(all.len() as u64).to_le_bytes())?;
    let mut at = Table::<K>::SLOTS + all.len() * Table::<K>::SLOT;
    for (key, value) in all {
        file.write_all(key)?;
        file.write_all(&(at as u64).to_le_bytes())?;
        at += 2 * NUMBER + value.len();
    }
    for (key, value) in all {
        file.write_all(&(value.len() as u64).to_le_bytes())?;
        file.write_all(&sum(key, value))?;
        file.write_all(value)?;
    }
    Ok(())
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(NUMBER)?)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}

fn sum(key: &[u8], value: &[u8]) -> [u8; NUMBER] {
    let hash = blake3::Hasher::new().update(key).update(value).finalize();
    *hash.as_bytes().first_chunk().expect("BUG: a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn saved(entries: &BTreeMap<[u8; 4], Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table");
        Table::open(path.clone()).extend(entries, folder.path()).expect("written");
        (folder, path)
    }

    proptest! {
        #[test]
        fn a_flipped_bit_loses_entries_and_changes_none(
            entries in prop::collection::btree_map(any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..20), 1..30),
            place in any::<prop::sample::Index>(),
            bit in 0u8..8,
        ) {
            let (_folder, path) = saved(&entries);
            let whole = Table::open(path.clone());
            prop_assert!(entries.iter().all(|(key, value)| whole.get(key) == Some(value)));
            let mut bytes = fs::read(&path).expect("bytes");
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            fs::write(&path, bytes).expect("written");
            let damaged = Table::open(path);
            prop_assert!(entries.iter().all(|(key, value)| damaged.get(key).is_none_or(|found| found == value)));
        }

        #[test]
        fn a_truncated_table_loses_entries_and_changes_none(
            entries in prop::collection::btree_map(any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..20), 1..30),
            place in any::<prop::sample::Index>(),
        ) {
            let (_folder, path) = saved(&entries);
            let bytes = fs::read(&path).expect("bytes");
            fs::write(&path, &bytes[..place.index(bytes.len())]).expect("written");
            let cut: Table<4> = Table::open(path);
            prop_assert!(entries.iter().all(|(key, value)| cut.get(key).is_none_or(|found| found == value)));
        }
    }

    #[test]
    fn what_another_process_saved_meanwhile_is_kept() {
        let entry = |key: u8| BTreeMap::from([([key; 4], vec![key])]);
        let (folder, path) = saved(&entry(1));
        let (one, other) = (Table::open(path.clone()), Table::open(path.clone()));
        one.extend(&entry(2), folder.path()).expect("written");
        other.extend(&entry(3), folder.path()).expect("written");
        let all: Table<4> = Table::open(path);
        assert!((1..=3).all(|key| all.get(&[key; 4]) == Some(&[key])));
    }
}
