//! Runs the author's own program: its inputs are laid out, it runs in a folder of its own, and what it was to leave is taken from
//! there. Unaware of graph, pools and store.
//!
//! Inputs are symbolic links, which cost nothing whatever the size, or copies where the author asks for them. A program that writes
//! through a link damages a blob; the attempt notices that afterwards and the step fails.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{Access, access};
use serde::Deserialize;

use super::Failure;
use super::child::Child;
use super::copy::copy;
use super::worker::{Finished, Terms};
use crate::artifact::Files;
use crate::plan::{Input, Step};
use crate::stage::command::{Output, Params, Setting, Shape};
use crate::stage::job::JobFolder;

/// Variables of `bgh`'s own environment that every command gets.
const INHERITED: [&str; 3] = ["PATH", "HOME", "USER"];
/// How often the log of a running command is looked at.
const PULSE: Duration = Duration::from_millis(200);
/// A log larger than this is cut; a program that says the same a million times must not fill the disk.
const LARGEST_LOG: u64 = 16 << 20;
/// What is kept of its beginning.
const KEPT_LOG: u64 = 1 << 20;
/// More names than this hide what is the matter.
const FEW: usize = 5;

/// Runs the command of `step` in `job`.
pub(super) fn run(
    step: &Step,
    inputs: &BTreeMap<String, Files>,
    job: &JobFolder,
    terms: Terms<'_>,
) -> Result<Finished, Failure> {
    let params = params(step).map_err(environment)?;
    let command = Prepared { params: &params, setting: &step.setting, folder: folder(job), job };
    let ran = command.run(inputs, terms);
    // A job that failed stays to be looked at. Where the author's files are is told by their names, which may be those of people.
    let sources = step.inputs.iter().filter(|(_, input)| matches!(input, Input::Source(_)));
    sources.for_each(|(port, _)| drop(fs::remove_dir_all(command.folder.join("in").join(port))));
    ran
}

/// What the command of `step` has left in `job`, by output.
pub(super) fn outputs(step: &Step, job: &JobFolder) -> Result<BTreeMap<String, Files>> {
    let files = |output: &Output| {
        let found = folder(job).join(&output.path);
        let name = || found.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match output.shape {
            Shape::File => Ok([(name(), found.clone())].into_iter().collect()),
            Shape::Folder => Files::of_folder(&found),
        }
    };
    params(step)?.outputs.iter().map(|(port, output)| Ok((port.clone(), files(output)?))).collect()
}

fn params(step: &Step) -> Result<Params> {
    Params::deserialize(&step.params).context("the plan made parameters that the kind does not know")
}

/// Where the command runs.
fn folder(job: &JobFolder) -> PathBuf {
    job.path().join("work")
}

struct Prepared<'a> {
    params: &'a Params,
    setting: &'a Setting,
    /// Where it runs.
    folder: PathBuf,
    job: &'a JobFolder,
}

impl Prepared<'_> {
    fn run(&self, inputs: &BTreeMap<String, Files>, terms: Terms<'_>) -> Result<Finished, Failure> {
        self.lay_in(inputs).map_err(environment)?;
        let argv = self.params.argv(|port| self.seen(port, inputs));
        let command = self.command(&argv, terms).map_err(environment)?;
        let log = self.job.stderr();
        let child = Child::start(command, terms.guard, self.job.path()).map_err(|error| not_started(&argv[0], &error))?;
        let ended = child
            .wait(terms.limit, terms.interrupt, Some(PULSE), || cut(&log))
            .context("cannot wait for the command")
            .map_err(environment)?;
        if let Some(failure) = ended.failure(&log) {
            return Err(failure);
        }
        let warnings = self.undeclared(inputs).map_err(environment)?;
        for (port, output) in &self.params.outputs {
            self.is_made(port, output, &self.folder.join(&output.path))?;
        }
        Ok(Finished { peak_memory: ended.peak_memory, warnings, ..Finished::on_cpu() })
    }

    /// Makes the folder with the inputs in it, and the folders that outputs are left in.
    fn lay_in(&self, inputs: &BTreeMap<String, Files>) -> Result<()> {
        let place = || format!("cannot lay out the inputs in {}", self.folder.display());
        fs::create_dir(&self.folder).with_context(place)?;
        for (port, files) in inputs {
            for (name, path) in files.iter() {
                let target = self.folder.join("in").join(port).join(name);
                fs::create_dir_all(target.parent().unwrap_or(&self.folder)).with_context(place)?;
                let path = std::path::absolute(path).with_context(place)?;
                if self.setting.copies { copied(&path, &target) } else { symlink(&path, &target) }.with_context(place)?;
            }
        }
        for output in self.params.outputs.values() {
            let path = self.folder.join(&output.path);
            let folder = if output.shape == Shape::Folder { Some(path.as_path()) } else { path.parent() };
            folder.map_or(Ok(()), fs::create_dir_all).with_context(place)?;
        }
        Ok(())
    }

    /// Where the command sees an input, relative to its folder.
    fn seen(&self, port: &str, inputs: &BTreeMap<String, Files>) -> Option<String> {
        let only = || inputs.get(port).and_then(|files| files.iter().next());
        Some(match self.params.inputs.get(port)? {
            Shape::Folder => format!("in/{port}"),
            Shape::File => format!("in/{port}/{}", only()?.0),
        })
    }

    fn command(&self, argv: &[String], terms: Terms<'_>) -> Result<Command> {
        let log = || format!("cannot write {}", self.job.stderr().display());
        let errors = File::options().create(true).append(true).open(self.job.stderr()).with_context(log)?;
        let output = match self.params.stdout.as_ref().and_then(|port| self.params.outputs.get(port)) {
            Some(output) => File::create(self.folder.join(&output.path)).context("cannot write an output")?,
            None => errors.try_clone().with_context(log)?,
        };
        let mut command = Command::new(self.program(&argv[0]));
        command.arg0(&argv[0]).args(&argv[1..]).current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(output).stderr(errors);
        command.env_clear().env("LANG", "C.UTF-8").env("TMPDIR", terms.scratch.unwrap_or(self.job.path()));
        let passed = INHERITED.iter().map(OsStr::new).chain(self.setting.pass_env.iter().map(OsStr::new));
        command.envs(passed.filter_map(|name| Some((name, std::env::var_os(name)?))));
        terms.share.tell(&mut command);
        command.envs(self.params.environment());
        Ok(command)
    }

    /// A program that is named without a path, by its path: one that has to be searched for by the child is started by `fork`, which
    /// copies the page tables of `bgh`. What is not found stays a name, for the error.
    fn program(&self, name: &str) -> PathBuf {
        let own = self.params.environment().find(|(variable, _)| *variable == "PATH").map(|(_, path)| path.into());
        let path = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute() && !name.contains('/'));
        let is_program = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        folders.map(|folder| folder.join(name)).find(is_program).unwrap_or_else(|| name.into())
    }

    fn is_made(&self, port: &str, output: &Output, found: &Path) -> Result<(), Failure> {
        let what = if output.shape == Shape::File { "file" } else { "folder" };
        let fact = |is: &str| Failure::Reported(format!("the command ended well, but output `{port}` ({}) {is}", output.path));
        if let Some(link) = self.link_above(output) {
            return Err(fact(&format!("lies behind the link {}: leave it in a folder of its own", link.display())));
        }
        match fs::symlink_metadata(found) {
            Ok(meta) if meta.is_file() && output.shape == Shape::File => Ok(()),
            Ok(meta) if meta.is_dir() && output.shape == Shape::Folder => match strange(found) {
                Ok(None) => Ok(()),
                Ok(Some(path)) => {
                    Err(fact(&format!("holds {}, which is neither file nor folder: leave copies, not links", path.display())))
                }
                Err(error) => Err(environment(error.into())),
            },
            Ok(_) => Err(fact(&format!("is no {what}; write a {what} there, or declare what it is"))),
            Err(_) => Err(fact(&format!("is not there; {}", self.left()))),
        }
    }

    /// A folder on the way to an output that the command has made a link: what lies behind it is somebody else's.
    fn link_above(&self, output: &Output) -> Option<PathBuf> {
        let above = Path::new(&output.path).ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        above.map(|path| self.folder.join(path)).find(|path| path.is_symlink())
    }

    /// What the command left instead.
    fn left(&self) -> String {
        let names = names(&self.folder).unwrap_or_default();
        let names: Vec<_> = names.iter().filter(|name| *name != "in").map(String::as_str).collect();
        if names.is_empty() { "it left nothing".to_owned() } else { format!("it left {}", listed(&names)) }
    }

    /// What it left beside what was declared, as a warning.
    fn undeclared(&self, inputs: &BTreeMap<String, Files>) -> Result<Vec<String>> {
        let laid = |(port, files): (&String, &Files)| -> Vec<PathBuf> {
            files.iter().map(|(name, _)| Path::new("in").join(port).join(name)).collect()
        };
        let outputs = self.params.outputs.values().map(|output| PathBuf::from(&output.path));
        let known: BTreeSet<PathBuf> = inputs.iter().flat_map(laid).chain(outputs).collect();
        let mut found = vec![];
        beside(&known, &self.folder, Path::new(""), &mut found)
            .with_context(|| format!("cannot list {}", self.folder.display()))?;
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        Ok(match found.as_slice() {
            [] => vec![],
            some => {
                vec![format!("the command also left {}, which is dropped; declare it under `outputs` to keep it", listed(some))]
            }
        })
    }
}

/// The first thing below a folder that is neither a file nor a folder.
fn strange(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let below = if kind.is_dir() { strange(&entry.path())? } else { (!kind.is_file()).then(|| entry.path()) };
        if below.is_some() {
            return Ok(below);
        }
    }
    Ok(None)
}

/// What lies in `root`/`below` and is neither known nor on the way to what is known.
fn beside(known: &BTreeSet<PathBuf>, root: &Path, below: &Path, found: &mut Vec<String>) -> io::Result<()> {
    for name in names(&root.join(below))? {
        let path = below.join(name);
        let is_on_the_way = known.range(path.clone()..).next().is_some_and(|first| first.starts_with(&path));
        if !is_on_the_way {
            found.push(path.display().to_string());
        } else if !known.contains(&path) && !root.join(&path).is_symlink() {
            beside(known, root, &path, found)?;
        }
    }
    Ok(())
}

/// Names in a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names = fs::read_dir(folder)?.map(name).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(FEW).map(|name| format!("`{}`", name.escape_debug())).collect();
    let more = names.len().saturating_sub(FEW);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

fn copied(from: &Path, to: &Path) -> io::Result<()> {
    copy(&File::open(from)?, &File::create(to)?)
}

/// Drops the middle of a log that has become too large. The command appends, so it goes on writing behind the cut.
fn cut(log: &Path) {
    let Ok(size) = fs::metadata(log).map(|meta| meta.len()) else { return };
    if size <= LARGEST_LOG {
        return;
    }
    let Ok(mut file) = File::options().append(true).open(log) else { return };
    if file.set_len(KEPT_LOG).is_ok() {
        let _ = writeln!(file, "\n[bgh cut {} bytes out here]", size - KEPT_LOG);
    }
}

fn not_started(program: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => ": it is neither on the PATH nor a path from where the command runs",
        io::ErrorKind::PermissionDenied => ": it may not be executed",
        _ => "",
    };
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::ENOMEM) => Failure::Environment(format!("cannot start `{program}`: {error}")),
        _ => Failure::Reported(format!("cannot start `{program}`{hint} ({error})")),
    }
}

fn environment(error: anyhow::Error) -> Failure {
    Failure::Environment(format!("{error:#}"))
}
