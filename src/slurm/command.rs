//! Slurm's client programs: started with a clean environment, fed, and given up after a while. A controller that hangs must not take
//! `bgh` with it.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) succeeded: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Variables of a surrounding job, and settings that change what is printed; what names the cluster and a site's own defaults for
/// submissions stay.
pub(super) fn is_foreign(name: &str) -> bool {
    const KEPT: [&str; 2] = ["SLURM_CONF", "SLURM_CLUSTERS"];
    const PREFIXES: [&str; 6] = ["SLURM_", "SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_", "SRUN_"];
    !KEPT.contains(&name) && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Starts `program`, gives it `input`, and waits for its end, at most so long.
pub(super) fn run(program: &str, arguments: &[String], input: &str, limit: Duration) -> Result<Said> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_foreign) {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (status, stdout, stderr) = std::thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
        let (stdout, stderr) = (scope.spawn(move || text(stdout)), scope.spawn(move || text(stderr)));
        let status = wait(&mut child, limit);
        (status, stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default())
    });
    let Some(status) = status? else { bail!("`{program}` did not answer within {} s", limit.as_secs()) };
    Ok(Said { succeeded: status.success(), stdout, stderr })
}

fn text(pipe: Option<impl Read>) -> String {
    let mut bytes = vec![];
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Its end; `None` where it had to be killed.
fn wait(child: &mut std::process::Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_comes_back_and_one_that_hangs_is_given_up() -> Result<()> {
        let shell = |script: &str, limit| run("sh", &["-c".to_owned(), script.to_owned()], "fed", limit);
        let said = shell("cat; echo no >&2; exit 3", Duration::from_secs(60))?;
        assert_eq!((said.succeeded, said.stdout.as_str(), said.stderr.as_str()), (false, "fed", "no\n"));
        let hung = shell("exec sleep 1000", Duration::from_millis(10)).expect_err("killed");
        assert!(hung.to_string().contains("did not answer"), "{hung}");
        Ok(())
    }

    #[test]
    fn a_surrounding_job_is_not_handed_on() {
        let foreign = ["SLURM_JOB_ID", "SLURM_CONF", "SBATCH_PARTITION", "SQUEUE_FORMAT", "PATH"].map(is_foreign);
        assert_eq!(foreign, [true, false, false, true, false]);
    }
}
