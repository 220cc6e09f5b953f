//! The controller, as the client programs show it: submit, ask, cancel. What they print changes from version to version in its
//! JSON, but not in the formats that are asked for here.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Phase;
use super::command::{Said, run};
use super::script::quoted;

/// How long a client program may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Jobs that one `scancel` names at most.
const CANCELLED_AT_ONCE: usize = 100;

/// Slurm, through its command line.
#[derive(Debug, Clone, Default)]
pub struct Controller {
    /// The cluster, where a site has several.
    cluster: Option<String>,
}

/// How a submission was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is this job.
    Job(String),
    /// Too much is queued just now.
    Full(String),
    /// Nobody knows whether it was taken.
    Unsure(String),
    /// It will not be taken; the text says why, and shows the command.
    Refused(String),
}

/// One line of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// As `17` or `17_3`.
    pub(super) job: String,
    /// `None` for a word that this version does not know.
    pub(super) phase: Option<Phase>,
    /// The word itself.
    pub(super) state: String,
    pub(super) reason: String,
    pub(super) node: String,
    pub(super) name: String,
}

impl Controller {
    /// Of the cluster of that name; of the site's own one where none is named.
    pub fn new(cluster: Option<&str>) -> Self {
        Self { cluster: cluster.map(str::to_owned) }
    }

    /// Submits `script`.
    pub(super) fn submit(&self, options: &[String], script: &str) -> Answer {
        let mut arguments = vec!["--parsable".to_owned()];
        arguments.extend(options.iter().cloned());
        let shown = || shown("sbatch", &arguments);
        match run("sbatch", &arguments, script, LIMIT) {
            Ok(said) if said.succeeded => job(&said.stdout).map_or_else(
                || Answer::Unsure(format!("sbatch answered `{}` to {}", said.stdout.trim(), shown())),
                Answer::Job,
            ),
            Ok(said) => classify(&said, &shown()),
            Err(error) if error.downcast_ref::<std::io::Error>().is_some() => {
                Answer::Refused(format!("{error:#}; load Slurm's client programs, or set `executor = \"local\"`"))
            }
            Err(error) => Answer::Unsure(format!("{error:#}")),
        }
    }

    /// Every job of this user that the controller still knows, ended ones included. One call, whatever their number.
    ///
    /// # Errors
    /// When the controller does not answer; then nothing is known.
    pub(super) fn queue(&self) -> Result<Vec<Line>> {
        let mut arguments: Vec<String> = ["-h", "-r", "-t", "all", "-o", "%i|%T|%N|%j|%r"].map(str::to_owned).into();
        arguments.extend(["-u".to_owned(), rustix::process::getuid().as_raw().to_string()]);
        let said = self.ask("squeue", arguments)?;
        Ok(said.stdout.lines().filter_map(line).collect())
    }

    /// What the accounts say of jobs that the queue no longer knows; jobs that they do not know either are missing in the answer.
    ///
    /// # Errors
    /// When there is no accounting, or it does not answer.
    pub(super) fn accounts(&self, jobs: &[&str]) -> Result<Vec<(String, Phase)>> {
        let mut arguments: Vec<String> = ["-X", "-n", "-P", "-o", "JobID,State", "-j"].map(str::to_owned).into();
        arguments.push(jobs.join(","));
        let said = self.ask("sacct", arguments)?;
        let known = |line: &str| line.split_once('|').and_then(|(job, state)| Some((job.to_owned(), Phase::of(state)?)));
        Ok(said.stdout.lines().filter_map(known).collect())
    }

    /// Cancels jobs; those that have ended are passed over.
    ///
    /// # Errors
    /// When the controller does not answer.
    pub(super) fn cancel(&self, jobs: &[String]) -> Result<()> {
        jobs.chunks(CANCELLED_AT_ONCE).try_for_each(|some| self.ask("scancel", some.to_vec()).map(drop))
    }

    /// What a setting of the controller is.
    pub(super) fn settings(&self) -> Result<String> {
        Ok(self.ask("scontrol", vec!["show".to_owned(), "config".to_owned()])?.stdout)
    }

    /// Runs another client program that only asks.
    pub(super) fn ask(&self, program: &str, mut arguments: Vec<String>) -> Result<Said> {
        if let Some(cluster) = &self.cluster {
            arguments.insert(0, format!("--clusters={cluster}"));
        }
        let said = run(program, &arguments, "", LIMIT)?;
        if said.succeeded {
            return Ok(said);
        }
        bail!("{} failed: {}", shown(program, &arguments), last_line(&said.stderr))
    }

    /// Version of Slurm.
    ///
    /// # Errors
    /// When its client programs are not there.
    pub fn version(&self) -> Result<String> {
        let said = run("sbatch", &["--version".to_owned()], "", LIMIT)?;
        let version = said.stdout.split_whitespace().nth(1).context("sbatch does not say its version")?;
        Ok(version.to_owned())
    }
}

/// The number that `sbatch --parsable` prints last; a site's wrapper may print lines of its own before it.
fn job(stdout: &str) -> Option<String> {
    let last = stdout.lines().rev().find(|line| !line.trim().is_empty())?;
    let number = last.trim().split(';').next()?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_owned())
}

fn classify(said: &Said, command: &str) -> Answer {
    const UNSURE: [&str; 9] = [
        "Socket timed out",
        "Unable to contact",
        "Resource temporarily",
        "Connection refused",
        "Connection reset",
        "Zero Bytes were transmitted",
        "Transport endpoint",
        "Slurm backup controller in standby",
        "Protocol authentication error",
    ];
    const FULL: [&str; 5] = ["AssocMaxSubmitJobLimit", "QOSMaxSubmit", "MaxSubmitJob", "rate limit", "maximum number of jobs"];
    let (words, has) = (said.stderr.trim(), |signs: &[&str]| signs.iter().any(|sign| said.stderr.contains(sign)));
    if has(&UNSURE) {
        Answer::Unsure(last_line(words))
    } else if has(&FULL) {
        Answer::Full(last_line(words))
    } else {
        Answer::Refused(format!("Slurm refused the job: {}\n  the command was: {command}", words.replace('\n', " | ")))
    }
}

fn line(text: &str) -> Option<Line> {
    let mut fields = text.splitn(5, '|').map(str::to_owned);
    let (job, state, node) = (fields.next()?, fields.next()?, fields.next()?);
    let (name, reason) = (fields.next()?, fields.next()?);
    Some(Line { job, phase: Phase::of(&state), state, reason, node, name })
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason was given").trim().to_owned()
}

fn shown(program: &str, arguments: &[String]) -> String {
    let words: Vec<String> = std::iter::once(program).chain(arguments.iter().map(String::as_str)).map(quoted).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_job_is_the_last_thing_that_is_printed() {
        assert_eq!(job("17\n"), Some("17".to_owned()));
        assert_eq!(job("Welcome!\n17;north\n\n"), Some("17".to_owned()));
        assert_eq!(job("sbatch: thanks\n"), None);
    }

    #[test]
    fn a_failed_submission_may_have_been_taken_may_wait_or_is_refused() {
        let answer =
            |stderr: &str| classify(&Said { succeeded: false, stdout: String::new(), stderr: stderr.to_owned() }, "sbatch x");
        assert!(matches!(
            answer("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"),
            Answer::Unsure(_)
        ));
        assert!(matches!(
            answer(
                "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy"
            ),
            Answer::Full(_)
        ));
        let refused = answer(
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified",
        );
        let Answer::Refused(text) = refused else { panic!("refused") };
        assert!(text.contains("invalid partition specified: nope") && text.contains("sbatch x"), "{text}");
    }

    #[test]
    fn a_line_of_the_queue_has_five_fields() {
        let read = line("17_3|PENDING||bgh-train-0a|Resources").expect("a line");
        assert_eq!((read.job.as_str(), read.phase, read.name.as_str()), ("17_3", Some(Phase::Queued), "bgh-train-0a"));
        assert_eq!(line("slurm_load_jobs error"), None);
        assert_eq!(line("1|DREAMING|n1|x|").expect("a line").phase, None);
    }
}
