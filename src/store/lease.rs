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
    /// Takes a share, waiting for a collection of garbage to end. On a read-only mount there may be no such file; nobody removes
    /// anything there either.
    ///
    /// # Errors
    /// When the file of a cache that can be written to cannot be opened: without a share, a collection would be free to remove what is
    /// relied on.
    pub(super) fn shared(root: &Path, read_only: bool) -> io::Result<Self> {
        let file = match open(&root.join(NAME)) {
            Ok(file) => file,
            Err(_) if read_only => return Ok(Self(None)),
            Err(error) => return Err(error),
        };
        if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
            tracing::warn!(cache = %root.display(), "waiting for `bgh cache gc` to end");
            if let Err(error) = flock(&file, FlockOperation::LockShared) {
                tracing::warn!(cache = %root.display(), %error, "this file system has no locks");
                return Ok(Self(None));
            }
        }
        Ok(Self(Some(file)))
    }

    /// No share.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Takes all of it, if nobody else has a share; otherwise the own share stays.
    pub(super) fn alone(&self) -> io::Result<bool> {
        match flock(self.file()?, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                flock(self.file()?, FlockOperation::LockShared).map(|()| false).map_err(Into::into)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes all of it, waiting until nobody else has a share.
    pub(super) fn wait_alone(&self) -> io::Result<()> {
        Ok(flock(self.file()?, FlockOperation::LockExclusive)?)
    }

    fn file(&self) -> io::Result<&File> {
        self.0.as_ref().ok_or_else(|| io::Error::other("its lock cannot be taken: no file system for a collection"))
    }
}

/// For writing if possible: network file systems want that for a lock that excludes others.
fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path).or_else(|_| File::open(path))
}
