//! Who uses a cache: everybody shares a lock of the kernel on one file of it while they do, and whoever removes what others may rely
//! on takes the lock alone. A process that dies gives it back, however it dies.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// Name of the file in the cache.
const NAME: &str = "lock";

/// A share in the use of a cache.
#[derive(Debug)]
pub(super) struct Lease(Option<File>);

impl Lease {
    /// Takes a share, waiting for a collection of garbage to end. Where there is no such file and none can be made, as on a read-only
    /// mount, nobody removes anything either.
    pub(super) fn shared(root: &Path) -> Self {
        let Ok(file) = open(&root.join(NAME)) else { return Self(None) };
        if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
            tracing::warn!(cache = %root.display(), "waiting for `bgh cache gc` to end");
            if let Err(error) = flock(&file, FlockOperation::LockShared) {
                tracing::warn!(cache = %root.display(), %error, "this file system has no locks");
                return Self(None);
            }
        }
        Self(Some(file))
    }

    /// No share.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Takes all of it, if nobody else has a share; otherwise the own share stays.
    pub(super) fn alone(&self) -> io::Result<bool> {
        let file =
            self.0.as_ref().ok_or_else(|| io::Error::other("its lock cannot be taken: no file system for a collection"))?;
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => flock(file, FlockOperation::LockShared).map(|()| false).map_err(Into::into),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes all of it, waiting until nobody else has a share.
    pub(super) fn wait_alone(&self) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |file| Ok(flock(file, FlockOperation::LockExclusive)?))
    }
}

/// For writing if possible: network file systems want that for a lock that excludes others.
fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path).or_else(|_| File::open(path))
}
