//! `bgh run --submit`: the same run as a job of a Slurm cluster.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::session::Session;
use super::{Exit, Failure};
use crate::execute::{Interrupt, Summary};
use crate::slurm::{Cluster, submit_run};

/// The argument that submits.
const SUBMIT: &str = "--submit";
/// The argument of a run that is a job; it takes care of its own time.
const DETACHED: &str = "--detached";

/// Submits this very command as a job, which says the same without `--submit`.
pub(super) fn submit(session: &Session) -> Result<(), Failure> {
    let (job, log) = resubmit(session)?;
    outln!("job {job} runs it; `bgh status` tells how far it is, and {log} what it says");
    Ok(())
}

fn resubmit(session: &Session) -> Result<(String, String), Failure> {
    let site = &session.site.slurm;
    if !site.is_used() {
        let fact = "error: no step of this site runs on Slurm";
        return Err(Failure::new(
            Exit::Spec,
            format!("{fact}\n  hint: `executor = \"slurm\"` in the site file; see docs/cluster.md"),
        ));
    }
    let arguments: Result<Vec<String>, _> = std::env::args_os().skip(1).map(std::ffi::OsString::into_string).collect();
    let arguments = arguments.map_err(|word| Failure::new(Exit::Spec, format!("error: {word:?} is not UTF-8")))?;
    let kept = arguments.into_iter().filter(|word| word != SUBMIT && word != DETACHED);
    let program = Cluster::new(site.clone()).program().to_string_lossy().into_owned();
    let command: Vec<String> = std::iter::once(program).chain(kept).chain([DETACHED.to_owned()]).collect();
    let name: String = session.spec.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let root = std::path::absolute(session.store.root()).map_err(anyhow::Error::from)?;
    let log = root.join(Path::new("slurm-v1")).join(format!("run-{name}.log"));
    std::fs::create_dir_all(root.join("slurm-v1")).map_err(anyhow::Error::from)?;
    let job = submit_run(site, &name, &command, &log).map_err(|error| Failure::environment(&error))?;
    Ok((job, log.display().to_string()))
}

/// A run that is a job itself.
pub(super) struct Detached(Arc<AtomicBool>);

impl Detached {
    /// Is told by `SIGUSR1` that the time will soon be over, and interrupts the run then.
    pub(super) fn listen(interrupt: &Interrupt) -> Result<Self, Failure> {
        Ok(Self(interrupt.on_last_minutes().map_err(anyhow::Error::from)?))
    }

    /// Submits the next job where the time was what ended this one. Whether it did.
    pub(super) fn go_on(&self, summary: &Summary, session: &Session) -> Result<bool, Failure> {
        let is_due = summary.interrupted && self.0.load(Ordering::SeqCst);
        if is_due {
            let (job, _) = resubmit(session)?;
            outln!("the time of this job is over; job {job} goes on");
        }
        Ok(is_due)
    }
}
