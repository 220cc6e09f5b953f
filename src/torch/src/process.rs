//! The worker as a process: it dies with its parent, shares its job with no other worker, and stops when asked.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// Asks the kernel to kill this process when the thread that started it ends, however it ends: an orphan would hold a device.
///
/// A parent that died before the request is seen in the changed parent id; one that died before the first line of this function is
/// not, unless it left its id in `BGH_PARENT`.
///
/// # Errors
/// When the parent is gone already.
pub fn die_with_parent() -> Result<()> {
    let before = getppid();
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot ask to die with the parent process")?;
    let expected = std::env::var("BGH_PARENT").ok().and_then(|id| Pid::from_raw(id.parse().ok()?)).or(before);
    if getppid() != expected {
        bail!("the process that started this worker is gone");
    }
    Ok(())
}

/// Holds a job for this process alone until it is dropped or the process dies.
#[derive(Debug)]
pub struct JobLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl JobLock {
    /// Takes the kernel's lock on `job/lock` without waiting.
    ///
    /// # Errors
    /// When another worker has it.
    pub fn take(job: &Path) -> Result<Self> {
        let path = job.join("lock");
        let file = File::options().create(true).write(true).truncate(false).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        let taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
        taken.with_context(|| format!("{} is held: another worker runs this job", path.display()))?;
        Ok(Self(file))
    }
}

/// Whether somebody asked the worker to stop.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that SIGTERM and SIGINT raise; a second signal ends the process at once.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn on_signals() -> Result<Self> {
        let flag = Self::default();
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag.0))?;
            signal_hook::flag::register(signal, Arc::clone(&flag.0))?;
        }
        Ok(flag)
    }

    /// Whether it was raised.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Largest resident memory of this process so far, bytes; 0 where the kernel does not tell.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Memory that this process holds on its accelerator, bytes; `None` without one. Libtorch keeps what it once took, so at the end of
/// a job this is the peak. The driver is asked, and not CUDA, which is not linked.
pub fn device_memory() -> Option<u64> {
    let arguments = ["--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits"];
    let output = std::process::Command::new("nvidia-smi").args(arguments).output().ok()?;
    let own = std::process::id().to_string();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let mib = lines.lines().filter_map(|line| line.split_once(',')).find(|(pid, _)| pid.trim() == own)?.1;
    Some(mib.trim().parse::<u64>().ok()? << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_one_worker() {
        let job = tempfile::tempdir().expect("folder");
        let held = JobLock::take(job.path()).expect("free");
        let refusal = JobLock::take(job.path()).expect_err("held");
        assert!(format!("{refusal:#}").contains("another worker runs this job"), "{refusal:#}");
        drop(held);
        JobLock::take(job.path()).expect("free again");
    }

    #[test]
    fn peak_memory_is_more_than_a_mebibyte() {
        assert!(peak_memory() > 1 << 20);
    }
}
