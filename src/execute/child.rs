//! A child process from its start to its end: in a process group of its own, waited for without delay, stopped as a whole.
//! Unaware of graph, pools and store.
//!
//! The child is started without a copy of `bgh`'s page tables (`posix_spawn`), which takes the same time however much memory
//! `bgh` has. Nothing of ours can then run between fork and exec, so the child cannot ask the kernel to die with its parent; its
//! environment bears a [mark](super::Guard) instead, by which it is found when `bgh` was killed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Once;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process_group, pidfd_open, set_child_subreaper, waitpgid,
};

use super::{Failure, Guard, Interrupt};

/// How long a child that ran out of time may take to end in good order before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A running child; dropped before its end, its whole group is killed.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    /// Readable when the child has ended, at that very moment.
    handle: OwnedFd,
    reaped: bool,
}

/// A child that has ended, and with it everything in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Largest resident memory of the child or of a process below it, bytes. The kernel counts from before the exec, so it is at
    /// least what `bgh` itself had then.
    pub(super) peak_memory: u64,
    pub(super) cut: Option<Cut>,
}

/// Why a child was told to end before it was through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The user asked to stop.
    Interrupted,
    /// It had this long, and it was not enough.
    TimedOut(Duration),
}

impl Child {
    /// Starts `command` for the job in `folder`.
    pub(super) fn start(mut command: Command, guard: &Guard, folder: &Path) -> io::Result<Self> {
        adopt_orphans();
        guard.mark(&mut command, folder)?;
        let child = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&child);
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => Ok(Self { pid, handle, reaped: false }),
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                let _ = reap(pid);
                Err(error.into())
            }
        }
    }

    /// Waits for the end. The first interrupt is passed on to the group as SIGTERM, the second as SIGKILL; at the time `limit` the
    /// group is told to end and soon after killed. `look` is called now and then where a `pulse` is given, and once at the end.
    pub(super) fn wait(
        mut self,
        limit: Option<Duration>,
        interrupt: &Interrupt,
        pulse: Option<Duration>,
        mut look: impl FnMut(),
    ) -> io::Result<Ended> {
        let mut stop = Stop { heard: 0, cut: None, next: limit.map(|limit| Instant::now() + limit) };
        while !self.sleep(&stop, interrupt, pulse)? {
            look();
            stop.step(self.pid, limit, interrupt);
        }
        // While the child is a zombie nobody else can have its number, so this reaches its own group and no other.
        let _ = kill_process_group(self.pid, Signal::KILL);
        self.reaped = true;
        let (status, peak_memory) = reap(self.pid)?;
        await_group(self.pid);
        look();
        Ok(Ended { status, peak_memory, cut: stop.cut })
    }

    /// Sleeps until the child ends, the user asks to stop, or time is up. Whether the child has ended.
    fn sleep(&self, stop: &Stop, interrupt: &Interrupt, pulse: Option<Duration>) -> io::Result<bool> {
        let left = stop.next.map(|next| next.saturating_duration_since(Instant::now()));
        let timeout = [left, pulse].into_iter().flatten().min().and_then(|time| time.try_into().ok());
        let handle = PollFd::from_borrowed_fd(self.handle.as_fd(), PollFlags::IN);
        let bell = interrupt.bell(stop.heard).map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN));
        let mut watched: Vec<_> = std::iter::once(handle).chain(bell).collect();
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) => Ok(!watched[0].revents().is_empty()),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = reap(self.pid);
            await_group(self.pid);
        }
    }
}

impl Ended {
    /// How it failed; `None` where it ended by itself with code 0.
    pub(super) fn failure(&self, log: &Path) -> Option<Failure> {
        let words = || last_words(log);
        match (self.cut, self.status.signal(), self.status.code()) {
            (Some(Cut::Interrupted), ..) => Some(Failure::Interrupted),
            (Some(Cut::TimedOut(limit)), ..) => Some(Failure::TimedOut { seconds: limit.as_secs_f64(), words: words() }),
            (None, Some(signal), _) => Some(Failure::Killed { signal, words: words() }),
            (None, None, Some(0)) => None,
            (None, None, code) => Some(Failure::Exited { code: code.unwrap_or(-1), words: words() }),
        }
    }
}

/// How far the child has been told to end.
struct Stop {
    /// Wishes of the user that were passed on.
    heard: usize,
    cut: Option<Cut>,
    /// When the next thing is to be done about the time limit.
    next: Option<Instant>,
}

impl Stop {
    fn step(&mut self, group: Pid, limit: Option<Duration>, interrupt: &Interrupt) {
        let wishes = interrupt.wishes();
        if wishes > self.heard {
            self.heard = wishes;
            self.cut = self.cut.or(Some(Cut::Interrupted));
            let _ = kill_process_group(group, if wishes > 1 { Signal::KILL } else { Signal::TERM });
        }
        let (Some(limit), Some(next)) = (limit, self.next) else { return };
        if Instant::now() < next {
            return;
        }
        let told = matches!(self.cut, Some(Cut::TimedOut(_)));
        self.cut = self.cut.or(Some(Cut::TimedOut(limit)));
        self.next = (!told).then(|| next + GRACE);
        let _ = kill_process_group(group, if told { Signal::KILL } else { Signal::TERM });
    }
}

/// Takes the child's status from the kernel, and its largest resident memory in bytes.
fn reap(pid: Pid) -> io::Result<(ExitStatus, u64)> {
    let mut status = 0;
    // SAFETY: all zeros is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live variables of the types that the call fills in.
        let reaped = unsafe { libc::wait4(pid.as_raw_nonzero().get(), &raw mut status, 0, &raw mut usage) };
        if reaped >= 0 {
            return Ok((ExitStatus::from_raw(status), usage.ru_maxrss.max(0).cast_unsigned() * 1024));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// A killed process may be in the middle of a write; what it wrote to is looked at only when it is gone. Those whose parents are
/// gone have become children of `bgh`.
fn await_group(group: Pid) {
    loop {
        match waitpgid(group, WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Whoever loses its parent below `bgh` becomes a child of `bgh` and not of the system's first process, which may reap late or never.
fn adopt_orphans() {
    static ADOPTING: Once = Once::new();
    ADOPTING.call_once(|| {
        let _ = set_child_subreaper(Some(getpid()));
    });
}

/// The end of a log, as much as fits a message.
pub(super) fn last_words(log: &Path) -> String {
    const LINES: usize = 5;
    let text = end_of(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join(" | ");
    if end.is_empty() { "(none)".to_owned() } else { end }
}

/// The last bytes of a log, which may be larger than memory.
fn end_of(log: &Path) -> io::Result<Vec<u8>> {
    const BYTES: u64 = 4096;
    let (mut file, mut end) = (File::open(log)?, vec![]);
    let start = file.metadata()?.len().saturating_sub(BYTES);
    file.seek(SeekFrom::Start(start))?;
    file.take(BYTES).read_to_end(&mut end)?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::{Context, Result};

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn shell(&self, script: &str) -> Result<Child> {
            let mut command = Command::new("sh");
            command.args(["-c", script]).current_dir(self.0.path()).stderr(File::create(self.log())?);
            Child::start(command, &Guard::absent(), self.0.path()).context("sh starts")
        }

        fn log(&self) -> std::path::PathBuf {
            self.0.path().join("stderr.log")
        }

        /// Waits for a file that the script will make.
        fn await_file(&self, name: &str) {
            while !self.0.path().join(name).exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn folder() -> Result<Folder> {
        Ok(Folder(tempfile::tempdir()?))
    }

    fn ended(child: Child) -> Result<Ended> {
        Ok(child.wait(None, &Interrupt::new()?, None, || ())?)
    }

    #[test]
    fn how_it_ended_is_a_value() -> Result<()> {
        let folder = folder()?;
        assert_eq!(ended(folder.shell("exit 0")?)?.failure(&folder.log()), None);
        let exited = ended(folder.shell("echo one >&2; echo two >&2; exit 7")?)?;
        assert_eq!(exited.failure(&folder.log()), Some(Failure::Exited { code: 7, words: "one | two".to_owned() }));
        let killed = ended(folder.shell("kill -ABRT $$")?)?;
        assert_eq!(killed.failure(&folder.log()), Some(Failure::Killed { signal: 6, words: "(none)".to_owned() }));
        assert!(exited.peak_memory > 0);
        Ok(())
    }

    #[test]
    fn the_first_wish_asks_and_the_second_kills() -> Result<()> {
        let folder = folder()?;
        let interrupt = Interrupt::new()?;
        let child = folder.shell("trap 'touch asked' TERM; touch ready; while true; do sleep 0.01; done")?;
        let waiting = interrupt.clone();
        let thread = std::thread::spawn(move || child.wait(None, &waiting, None, || ()));
        folder.await_file("ready");
        interrupt.raise();
        folder.await_file("asked");
        assert!(!thread.is_finished());
        interrupt.raise();
        let ended = thread.join().expect("no panic")?;
        assert_eq!((ended.cut, ended.status.signal()), (Some(Cut::Interrupted), Some(9)));
        Ok(())
    }

    #[test]
    fn what_takes_too_long_is_ended_as_a_whole() -> Result<()> {
        let folder = folder()?;
        let child = folder.shell("sleep 1000 & echo $! > below; wait")?;
        let limit = Duration::from_millis(100);
        let ended = child.wait(Some(limit), &Interrupt::new()?, None, || ())?;
        assert_eq!(ended.failure(&folder.log()), Some(Failure::TimedOut { seconds: 0.1, words: "(none)".to_owned() }));
        assert!(!is_alive(&folder)?);
        Ok(())
    }

    #[test]
    fn what_it_leaves_behind_is_gone_when_it_has_ended() -> Result<()> {
        let folder = folder()?;
        ended(folder.shell("sleep 1000 & echo $! > below")?)?;
        assert!(!is_alive(&folder)?);
        Ok(())
    }

    #[test]
    fn a_child_given_up_is_killed() -> Result<()> {
        let folder = folder()?;
        let child = folder.shell("sleep 1000 & echo $! > below; touch ready; wait")?;
        folder.await_file("ready");
        drop(child);
        assert!(!is_alive(&folder)?);
        Ok(())
    }

    #[test]
    fn what_still_works_for_a_job_is_swept_out_wherever_it_went() -> Result<()> {
        let folder = folder()?;
        let child = folder.shell("setsid sh -c 'echo $$ > below; touch ready; sleep 1000' & wait")?;
        folder.await_file("ready");
        super::super::guard::sweep_job(folder.0.path())?;
        assert!(!is_alive(&folder)?);
        assert_eq!(ended(child)?.status.signal(), Some(9));
        Ok(())
    }

    fn below(folder: &Folder) -> Result<Option<Pid>> {
        Ok(Pid::from_raw(fs::read_to_string(folder.0.path().join("below"))?.trim().parse()?))
    }

    /// Whether the process whose number is in `below` runs; one that nobody has reaped yet does not.
    fn is_alive(folder: &Folder) -> Result<bool> {
        let pid = below(folder)?.context("a number")?;
        let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        Ok(status.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z')))
    }
}
