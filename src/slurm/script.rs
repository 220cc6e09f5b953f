//! What `sbatch` is given: options as arguments, never through a shell, and a script on standard input. Values and settings are in the
//! attempt's folder, not in the script, so that nothing has to be quoted but paths.

use std::path::Path;
use std::time::Duration;

use crate::site::{GpuOption, Request};

/// First argument of `bgh` on a node; no subcommand, since nobody types it.
pub const EXEC_ATTEMPT: &str = "--exec-attempt";

/// Exit code of a job whose attempt another job runs.
pub const TAKEN: u8 = 75;

/// What one attempt takes, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// CPUs.
    pub cpus: usize,
    /// Memory, MiB.
    pub memory_mib: Option<u64>,
    /// Time.
    pub time: Option<Duration>,
    /// GPUs.
    pub gpus: usize,
    /// Whether it writes a checkpoint when it is told that its time will be over.
    pub checkpoints: bool,
}

/// A job to submit, but for its name and its log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Script {
    /// Options; equal ones make an array possible.
    pub options: Vec<String>,
    /// Lines of shell before `bgh` starts.
    pub prologue: Vec<String>,
    /// Lines of shell after it has ended.
    pub epilogue: Vec<String>,
    /// The command, its words quoted for the shell where they need it.
    pub command: Vec<String>,
    /// Temporary folder on the node, as the shell reads it.
    pub scratch: Option<String>,
}

impl Script {
    /// What `request` makes of `resources`.
    pub fn new(request: &Request, resources: &Resources, command: Vec<String>) -> Self {
        Self {
            options: options(request, resources),
            prologue: request.prologue.clone().unwrap_or_default(),
            epilogue: request.epilogue.clone().unwrap_or_default(),
            command,
            scratch: request.scratch.clone(),
        }
    }

    /// The script's text; `last` is the last argument of the command.
    ///
    /// Signals before the end of the time reach the shell alone (`--signal=B:`). Without an epilogue the shell becomes `bgh`; with one it
    /// stays, passes signals on, and waits for `bgh` however often a signal wakes it.
    pub(super) fn text(&self, last: &str) -> String {
        let command: Vec<String> = self.command.iter().map(String::as_str).chain([last]).map(quoted).collect();
        let command = command.join(" ");
        let mut lines = vec!["#!/bin/bash".to_owned()];
        lines.extend(self.prologue.iter().cloned());
        lines.extend(self.scratch.as_ref().map(|scratch| format!("export BGH_SCRATCH=\"{scratch}\"")));
        if self.epilogue.is_empty() {
            lines.push(format!("exec {command}"));
        } else {
            let wait = ["wait $bgh; code=$?", "while kill -0 $bgh 2>/dev/null; do wait $bgh; code=$?; done"];
            let passed = ["USR1", "TERM"].map(|signal| format!("trap 'kill -{signal} $bgh' {signal}"));
            lines.extend([format!("{command} &"), "bgh=$!".to_owned()]);
            lines.extend(passed.into_iter().chain(wait.map(str::to_owned)));
            lines.extend(self.epilogue.iter().cloned());
            lines.push("exit $code".to_owned());
        }
        lines.join("\n") + "\n"
    }
}

fn options(request: &Request, resources: &Resources) -> Vec<String> {
    let mut options: Vec<String> = request.plain.iter().map(|(option, value)| format!("{option}={value}")).collect();
    let cpus = resources.cpus.max(request.cpus.unwrap_or(1)).max(1);
    options.push(format!("--cpus-per-task={cpus}"));
    options.push("--ntasks=1".to_owned());
    if let Some(mib) = resources.memory_mib.or(request.memory_mib) {
        match request.memory_per_cpu {
            Some(true) => options.push(format!("--mem-per-cpu={}M", mib.div_ceil(cpus as u64))),
            _ => options.push(format!("--mem={mib}M")),
        }
    }
    // Slurm counts minutes; a part of one is one.
    options.extend(resources.time.map(|time| format!("--time={}", time.as_secs().div_ceil(60).max(1))));
    options.extend((resources.gpus > 0).then(|| gpus(request, resources.gpus)));
    options.extend((request.exclusive == Some(true)).then(|| "--exclusive".to_owned()));
    if resources.checkpoints {
        options.push(format!("--signal=B:USR1@{}", request.checkpoint().as_secs().max(1)));
    }
    options.extend(request.extra.iter().flatten().cloned());
    options
}

fn gpus(request: &Request, count: usize) -> String {
    let kind = request.gpu_type.as_ref().map_or_else(String::new, |kind| format!("{kind}:"));
    match request.gpu_option.unwrap_or(GpuOption::Gres) {
        GpuOption::Gres => format!("--gres=gpu:{kind}{count}"),
        GpuOption::PerNode => format!("--gpus-per-node={kind}{count}"),
        GpuOption::Gpus => format!("--gpus={kind}{count}"),
    }
}

/// A word as the shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// A path as an argument; one that is not UTF-8 keeps what can be shown of it.
pub(super) fn argument(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            plain: [("--partition", "gpu".to_owned())].into(),
            gpu_type: Some("a100".to_owned()),
            extra: Some(vec!["--mail-type=FAIL".to_owned()]),
            prologue: Some(vec!["module load cuda".to_owned()]),
            ..Request::default()
        }
    }

    #[test]
    fn a_job_asks_for_what_is_known_and_for_nothing_else() {
        let resources =
            Resources { cpus: 2, memory_mib: Some(1500), time: Some(Duration::from_secs(61)), gpus: 1, checkpoints: true };
        let script = Script::new(&request(), &resources, vec!["/opt/bgh".to_owned()]);
        let expected = "--partition=gpu --cpus-per-task=2 --ntasks=1 --mem=1500M --time=2 --gres=gpu:a100:1 --signal=B:USR1@120 \
                        --mail-type=FAIL";
        assert_eq!(script.options.join(" "), expected);
        let silent = Script::new(&Request::default(), &Resources::default(), vec![]);
        assert_eq!(silent.options, ["--cpus-per-task=1", "--ntasks=1"]);
    }

    #[test]
    fn memory_a_cpu_and_the_three_ways_to_ask_for_gpus() {
        let resources = Resources { cpus: 3, memory_mib: Some(1000), gpus: 2, ..Resources::default() };
        let options = |gpu_option| {
            let request = Request { memory_per_cpu: Some(true), gpu_option: Some(gpu_option), ..Request::default() };
            options(&request, &resources).join(" ")
        };
        assert_eq!(options(GpuOption::Gres), "--cpus-per-task=3 --ntasks=1 --mem-per-cpu=334M --gres=gpu:2");
        assert!(options(GpuOption::PerNode).ends_with("--gpus-per-node=2"));
        assert!(options(GpuOption::Gpus).ends_with("--gpus=2"));
    }

    #[test]
    fn the_shell_becomes_bgh_unless_it_has_something_to_do_afterwards() {
        let command = vec!["/opt/my bgh".to_owned(), EXEC_ATTEMPT.to_owned()];
        let script = Script::new(&request(), &Resources::default(), command.clone());
        assert_eq!(script.text("/a/1"), "#!/bin/bash\nmodule load cuda\nexec '/opt/my bgh' --exec-attempt /a/1\n");
        let request =
            Request { epilogue: Some(vec!["rm -rf $x".to_owned()]), scratch: Some("/local/$USER".into()), ..request() };
        insta::assert_snapshot!(Script::new(&request, &Resources::default(), command).text("/a/1"), @r#"
        #!/bin/bash
        module load cuda
        export BGH_SCRATCH="/local/$USER"
        '/opt/my bgh' --exec-attempt /a/1 &
        bgh=$!
        trap 'kill -USR1 $bgh' USR1
        trap 'kill -TERM $bgh' TERM
        wait $bgh; code=$?
        while kill -0 $bgh 2>/dev/null; do wait $bgh; code=$?; done
        rm -rf $x
        exit $code
        "#);
    }
}
