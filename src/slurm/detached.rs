//! `bgh run` as a job of its own: login nodes end long processes, and a laptop is closed. The job submits the jobs of the steps; before
//! its own time is over it submits itself again and ends, and the next one takes over what is under way.

use std::path::Path;

use anyhow::{Result, bail};

use super::controller::{Answer, Controller};
use super::script::argument;
use super::{Resources, Script};
use crate::site::Slurm;

/// Memory of the job where the site says nothing, MiB.
const MEMORY_MIB: u64 = 1024;

/// Submits `command`, whose first word is the program, as the job `name` that prints to `log`. Returns its number.
///
/// Its node may fail, and another job may take its place: Slurm then starts it again, and it goes on where it was.
///
/// # Errors
/// When Slurm does not take it, or does not say whether it has.
pub fn submit_run(site: &Slurm, name: &str, command: &[String], log: &Path) -> Result<String> {
    let request = site.job.clone().overlaid(&site.run);
    let resources = Resources {
        cpus: site.run.cpus.unwrap_or(1),
        memory_mib: Some(site.run.memory_mib.unwrap_or(MEMORY_MIB)),
        time: request.time,
        gpus: 0,
        checkpoints: true,
    };
    let Some((last, first)) = command.split_last() else { bail!("BUG: a run without a command") };
    let script = Script::new(&request, &resources, first.to_vec());
    let mut options = vec!["--requeue".to_owned(), "--open-mode=append".to_owned(), format!("--job-name=bgh-run-{name}")];
    options.push(format!("--output={}", argument(log)));
    options.push(format!("--chdir={}", argument(&std::env::current_dir()?)));
    options.extend(script.options.iter().cloned());
    match Controller::new(request.plain.get("--clusters").map(String::as_str)).submit(&options, &script.text(last)) {
        Answer::Job(number) => Ok(number),
        Answer::Full(why) | Answer::Refused(why) => bail!("{why}"),
        Answer::Unsure(why) => bail!("{why}; look for `bgh-run-{name}` in `squeue` before you submit it again"),
    }
}
