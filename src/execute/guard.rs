//! No command outlives a `bgh` that was killed. SIGKILL leaves `bgh` no last act, so a small process of its own waits at the end of
//! a pipe: when the pipe closes without a farewell, it kills what `bgh` had started.
//!
//! It knows them by a mark in their environment, which their own children inherit, whatever group or session they move to. The pipe
//! closes in a child only when its program is loaded, mark included, so none can slip through between start and mark. Should the
//! guard be killed as well, the next attempt at the same action finds what still works for it by the second mark, the job.

use std::ffi::OsString;
use std::fs;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Name of the variable that says which run a process belongs to.
const RUN: &str = "BGH_RUN";
/// Name of the variable that says which job a process works for.
const JOB: &str = "BGH_JOB";
/// Name of the variable that tells the guard which run it watches; not the mark, or it would be its own prey.
const RUN_TO_WATCH: &str = "BGH_RUN_TO_WATCH";
/// How long a killed process may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches over the children of one run. The watching process is started with the first of them.
#[derive(Debug)]
pub struct Guard {
    /// The program that [`Guard::watch`]es, with its arguments; `None` where nobody does.
    program: Option<Vec<OsString>>,
    run: OsString,
    watching: OnceLock<PipeWriter>,
}

impl Guard {
    /// A guard that is `program`, which has to call [`Guard::watch`].
    pub fn new(program: Vec<OsString>) -> Self {
        let mut guard = Self::absent();
        guard.program = Some(program);
        guard
    }

    /// Children are marked and nobody watches: for programs that are not `bgh`.
    pub fn absent() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = format!("{}-{}", std::process::id(), since.as_nanos());
        Self { program: None, run: run.into(), watching: OnceLock::new() }
    }

    /// Marks a command before it is started for the job in `folder`.
    pub(super) fn mark(&self, command: &mut Command, folder: &Path) -> io::Result<()> {
        if let (Some(program), None) = (&self.program, self.watching.get()) {
            // Two attempts may start at once; the guard that comes second is told farewell.
            if let Err(pipe) = self.watching.set(self.start(program)?) {
                dismiss(&pipe);
            }
        }
        command.env(RUN, &self.run).env(JOB, folder);
        Ok(())
    }

    fn start(&self, program: &[OsString]) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).env(RUN_TO_WATCH, &self.run).env_remove(RUN).env_remove(JOB);
        command.stdin(OwnedFd::from(reader)).stdout(Stdio::null()).stderr(Stdio::null());
        // It is not waited for: it ends a moment after this process, or is reaped with it.
        drop(command.process_group(0).spawn()?);
        Ok(writer)
    }

    /// The life of the watching process: waits for the end of standard input and kills what is left of the run.
    ///
    /// # Errors
    /// When there is nothing to watch, or it cannot be read.
    pub fn watch() -> io::Result<()> {
        let run = std::env::var_os(RUN_TO_WATCH).ok_or_else(|| io::Error::other("only bgh itself starts its guard"))?;
        if io::stdin().read(&mut [0])? > 0 {
            return Ok(());
        }
        // The kernel shows a program's environment a moment after it has closed what the program does not inherit.
        std::thread::sleep(Duration::from_millis(20));
        sweep(&marked(RUN, run.as_bytes()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(pipe) = self.watching.get() {
            dismiss(pipe);
        }
    }
}

fn dismiss(mut pipe: &PipeWriter) {
    let _ = pipe.write_all(b"!");
}

/// Kills whatever still works for the job in `folder`, on this machine; returns when it is gone.
///
/// # Errors
/// When processes cannot be listed, or one does not go.
pub(super) fn sweep_job(folder: &Path) -> io::Result<()> {
    sweep(&marked(JOB, folder.as_os_str().as_bytes()))
}

fn marked(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"=", value].concat()
}

/// Kills every process whose environment holds `mark`, and those that they start meanwhile.
fn sweep(mark: &[u8]) -> io::Result<()> {
    let began = Instant::now();
    loop {
        let found: Vec<OwnedFd> = processes()?.filter_map(|pid| bearer(pid, mark)).collect();
        if found.is_empty() {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(io::Error::other("a process of a killed run does not end; end it by hand"));
        }
        for process in &found {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
        found.iter().for_each(await_end);
    }
}

fn processes() -> io::Result<impl Iterator<Item = Pid>> {
    let own = Pid::from_raw(std::process::id().cast_signed());
    let number = |entry: io::Result<fs::DirEntry>| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?);
    Ok(fs::read_dir("/proc")?.filter_map(number).filter(move |pid| Some(*pid) != own))
}

/// A handle of the process if it bears the mark. The handle is taken first: the number alone might mean another by then.
fn bearer(pid: Pid, mark: &[u8]) -> Option<OwnedFd> {
    let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
    environment.split(|byte| *byte == 0).any(|variable| variable == mark).then_some(handle)
}

fn await_end(process: &OwnedFd) {
    let timeout = PATIENCE.try_into().ok();
    let _ = poll(&mut [PollFd::new(process, PollFlags::IN)], timeout.as_ref());
}
