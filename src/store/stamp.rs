//! What the file system says of a file without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Which file it is: device and inode.
pub(super) type Identity = [u64; 2];

/// As long as all of it is what it was, so are the bytes: the change time cannot be put back, and a file that is replaced has
/// another inode. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: i64,
    changed: i64,
}

impl Stamp {
    /// Of the file that this was told of.
    pub fn of(meta: &Metadata) -> Self {
        let time = |seconds: i64, nanoseconds: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: time(meta.mtime(), meta.mtime_nsec()),
            changed: time(meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Which file it is.
    pub(super) fn identity(&self) -> Identity {
        [self.device, self.inode]
    }

    /// Length of the file, bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether both tell of one file that nobody wrote to in between. The change time is left out: a link or another mode moves it and
    /// leaves the bytes alone.
    pub(super) fn is_unwritten_since(&self, earlier: &Self) -> bool {
        Self { changed: 0, ..*self } == Self { changed: 0, ..*earlier }
    }

    /// Whether a later change would show at `now`. Within the clock's grain of the last one it would not, and the system notes the time of a
    /// write when it begins: on a busy machine its last bytes come long after.
    pub(super) fn is_settled_at(&self, now: SystemTime) -> bool {
        const SETTLED_NS: i128 = 1_000_000_000;
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos() as i128);
        now - i128::from(self.changed) > SETTLED_NS
    }
}
