//! Who works at an action: whoever has locked the action's byte of one file. The kernel holds the lock, so it goes when its holder
//! does, however that ends, and nothing is left to clean up. One file for all actions, because a file made and removed for each costs
//! more than the rest of a short step's bookkeeping.

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result};

use super::{Digest, Store};

/// Name of the file in the cache. It stays empty: a lock may lie beyond the end of a file.
const NAME: &str = "claims";

/// The exclusive right to work at one action, given back when it is dropped.
#[derive(Debug)]
pub struct Claim {
    _held: File,
}

impl Store {
    /// Claims an action; `None` while another process, or another claim of this one, has it.
    ///
    /// # Errors
    /// When the file cannot be opened or its file system has no locks.
    pub fn claim(&self, action: Digest) -> Result<Option<Claim>> {
        let path = self.root().join(NAME);
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        match ask(&file, libc::F_OFD_SETLK, action) {
            Ok(_) => Ok(Some(Claim { _held: file })),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// Whether somebody works at the action.
    pub fn is_claimed(&self, action: Digest) -> bool {
        let Ok(file) = File::open(self.root().join(NAME)) else { return false };
        ask(&file, libc::F_OFD_GETLK, action).is_ok_and(|found| i32::from(found.l_type) != libc::F_UNLCK)
    }
}

/// Asks the kernel for the action's byte. The lock belongs to the open file and not to the process: two threads exclude each other, and
/// closing another handle of the same file gives nothing back.
fn ask(file: &File, what: libc::c_int, action: Digest) -> io::Result<libc::flock> {
    // SAFETY: all zeros is a valid `flock`.
    let mut lock: libc::flock = unsafe { mem::zeroed() };
    (lock.l_type, lock.l_whence) = (libc::F_WRLCK as libc::c_short, libc::SEEK_SET as libc::c_short);
    (lock.l_start, lock.l_len) = (place(action), 1);
    // SAFETY: the descriptor is open and `lock` lives through the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), what, &raw mut lock) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(lock),
    }
}

/// The action's byte, of the 2⁶² that there are. Two actions on one byte would wait for each other and be right all the same.
fn place(action: Digest) -> i64 {
    let bits = action.as_bytes()[..8].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (bits >> 2).cast_signed()
}
