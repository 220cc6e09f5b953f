//! `bgh logs`: what a step printed, or is printing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::past::{self, CacheArguments};
use super::{Exit, Failure};
use crate::execute::Event;
use crate::history::{Line, NoRun, Run, Runs, Tail};
use crate::stage::job::JobFolder;
use crate::store::{Digest, Store};

/// How often a followed log is looked at.
const PULSE: Duration = Duration::from_millis(50);

/// Arguments of `bgh logs`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The step, by label (`train[…]`), kind (`train`) or the first digits of its action
    step: String,

    /// A run: its id or the beginning of it, `last`, `last~1`; without it the last one that has the step
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    /// Go on printing until the run ends
    #[arg(short, long)]
    follow: bool,

    #[command(flatten)]
    cache: CacheArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (store, runs) = (arguments.cache.store()?, arguments.cache.runs()?);
    let (run, steps) = match &arguments.run {
        Some(name) => in_run(past::find(&runs, name)?, &arguments.step)?,
        None => in_last(&runs, &arguments.step)?,
    };
    let printer = Printer { store, several: steps.len() > 1, out: io::stdout() };
    let ended = if arguments.follow { printer.follow(&run, &steps) } else { printer.print(&run, &steps) };
    match ended {
        // Whoever reads has seen enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) => {
            Ok(())
        }
        ended => Ok(ended?),
    }
}

/// Labels of a run's steps that a person means by `pattern`.
fn matching(run: &Run, pattern: &str) -> anyhow::Result<BTreeSet<String>> {
    let named = run.entries()?.into_iter().filter(|entry| entry.step == pattern || entry.kind == pattern);
    let mut found: BTreeSet<String> = named.map(|entry| entry.step).collect();
    if found.is_empty() && pattern.len() >= 4 && pattern.chars().all(|c| c.is_ascii_hexdigit()) {
        found.extend(run.actions()?.into_iter().filter(|(_, action)| action.hex().starts_with(pattern)).map(|(step, _)| step));
    }
    Ok(found)
}

fn in_run(run: Run, pattern: &str) -> Result<(Run, BTreeSet<String>), Failure> {
    let found = matching(&run, pattern)?;
    if found.is_empty() { Err(unknown(&run, pattern)?) } else { Ok((run, found)) }
}

fn in_last(runs: &Runs, pattern: &str) -> Result<(Run, BTreeSet<String>), Failure> {
    let all = runs.list()?;
    for run in all.iter().rev() {
        let found = matching(run, pattern)?;
        if !found.is_empty() {
            return Ok((run.clone(), found));
        }
    }
    Err(all.last().map_or_else(|| Ok(past::no_run(NoRun::Empty)), |last| unknown(last, pattern))?)
}

fn unknown(run: &Run, pattern: &str) -> anyhow::Result<Failure> {
    let likeness = |label: &String| (strsim::jaro_winkler(label, pattern) * 1e6) as u64;
    let nearest = run.entries()?.into_iter().map(|entry| entry.step).max_by_key(likeness).unwrap_or_default();
    let fact = format!("error: run {} has no step `{pattern}`", run.id());
    Ok(Failure::new(Exit::Spec, format!("{fact}\n  hint: the nearest is `{nearest}`; a kind (`train`) means all of its steps")))
}

struct Printer {
    store: Store,
    several: bool,
    out: io::Stdout,
}

impl Printer {
    /// What is there now.
    fn print(mut self, run: &Run, steps: &BTreeSet<String>) -> anyhow::Result<()> {
        let actions = run.actions()?;
        for step in steps {
            self.title(step)?;
            match actions.get(step) {
                Some(&action) => self.whole(action)?,
                None => writeln!(self.out, "it has not run yet")?,
            }
        }
        Ok(())
    }

    fn title(&mut self, step: &str) -> io::Result<()> {
        if self.several { writeln!(self.out, "== {step}") } else { Ok(()) }
    }

    /// The log that was kept, unless the action is running again just now.
    fn whole(&mut self, action: Digest) -> io::Result<()> {
        let (running, kept) = (self.running(action), self.store.log(action));
        match fs::read(&running).or_else(|_| fs::read(&kept)) {
            Ok(bytes) => self.out.write_all(&bytes),
            Err(_) => writeln!(self.out, "nothing is kept of what it printed"),
        }
    }

    fn running(&self, action: Digest) -> std::path::PathBuf {
        JobFolder::new(self.store.job(action)).living().stderr()
    }

    /// What is there, and what comes until the run is over.
    fn follow(mut self, run: &Run, steps: &BTreeSet<String>) -> anyhow::Result<()> {
        let known = run.entries()?.into_iter().filter(|entry| steps.contains(&entry.step));
        for (step, action) in known.filter_map(|entry| Some((entry.step, entry.action?))) {
            self.title(&step)?;
            self.whole(action)?;
        }
        let (mut events, mut open) = (run.events(), BTreeMap::new());
        loop {
            // Looked at before the events: what a run wrote before it ended is there afterwards.
            let lives = run.is_alive();
            let over = self.pulse(&mut events, &mut open, steps)?;
            if over || !lives {
                return Ok(());
            }
            std::thread::sleep(PULSE);
        }
    }

    fn pulse(
        &mut self,
        events: &mut Tail,
        open: &mut BTreeMap<String, (Digest, u64)>,
        steps: &BTreeSet<String>,
    ) -> anyhow::Result<bool> {
        let mut over = false;
        for Line { event, .. } in events.read()? {
            match event {
                Event::Started { step, action, .. } if steps.contains(&step) => {
                    self.title(&step)?;
                    open.insert(step, (action, 0));
                }
                Event::Finished { step, .. } | Event::Failed { step, .. } => {
                    if let Some((action, printed)) = open.remove(&step) {
                        self.rest(action, printed)?;
                    }
                }
                Event::Ended { .. } => over = true,
                _ => {}
            }
        }
        for (action, printed) in open.values_mut() {
            *printed += self.copy(&self.running(*action), *printed)?;
        }
        self.out.flush()?;
        Ok(over)
    }

    /// The end of a kept log, of which `printed` bytes are out already.
    fn rest(&mut self, action: Digest, printed: u64) -> io::Result<()> {
        self.copy(&self.store.log(action), printed).map(drop)
    }

    /// Copies what a file holds after its first `from` bytes; says how much that was.
    fn copy(&self, path: &Path, from: u64) -> io::Result<u64> {
        let Ok(mut file) = File::open(path) else { return Ok(0) };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = vec![];
        file.read_to_end(&mut bytes)?;
        (&self.out).write_all(&bytes)?;
        Ok(bytes.len() as u64)
    }
}
