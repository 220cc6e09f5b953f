//! What commands on a spec share: the experiment, its exams, its plan and the cache.

use std::path::{Path, PathBuf};

use clap::Args;

use super::headers::Headers;
use super::past::warn_of_newer;
use super::remote::RemoteArguments;
use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::history::Header;
use crate::plan::{self, Discreet, Key, Plan, Roster, StepId};
use crate::remote::Remote;
use crate::site::Site;
use crate::spec::{self, Spec};
use crate::store::Store;

/// Arguments of every command on a spec.
#[derive(Debug, Args)]
pub(super) struct SpecArguments {
    /// The experiment, a TOML file
    pub(super) spec: PathBuf,

    /// Override one value of the spec, as `network.alexnet.epochs=10`; may be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,

    /// Override the seed of the spec
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,

    #[command(flatten)]
    pub(super) site: SiteArguments,

    /// Another cache to look into for what the first has not, before those of the site file; nothing is written to it. May be given
    /// several times
    #[arg(long, env = "BGH_READ_CACHE", value_delimiter = ':', value_name = "DIR")]
    pub(super) read_cache: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

pub(super) struct Session {
    pub(super) spec: Spec,
    pub(super) plan: Plan,
    pub(super) store: Store,
    pub(super) site: Site,
    /// What texts on the spec must not tell.
    pub(super) discreet: Discreet,
    /// A cache that several machines share.
    pub(super) remote: Option<Remote>,
}

impl SpecArguments {
    /// A spec as it stands, and nothing else said.
    pub(super) fn of(spec: PathBuf, site: SiteArguments) -> Self {
        Self { spec, set: vec![], seed: None, site, read_cache: vec![], remote: RemoteArguments::default() }
    }

    /// What the spec asks for.
    pub(super) fn read(&self) -> Result<Spec, Failure> {
        Ok(spec::load(&self.spec, &self.overrides())?)
    }

    /// What the journal of a run of this spec begins with.
    pub(super) fn header(&self, session: &Session) -> Header {
        let header = Header::now(&session.spec.name, &self.spec, self.resolved(session));
        Header { arguments: session.discreet.words(header.arguments), ..header }
    }

    /// The whole spec as one text, without what names people.
    pub(super) fn resolved(&self, session: &Session) -> String {
        session.discreet.spec(&spec::resolved(&self.spec, &self.overrides()).unwrap_or_default())
    }

    fn overrides(&self) -> Vec<String> {
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        self.set.iter().cloned().chain(seed).collect()
    }

    pub(super) fn open(&self) -> Result<Session, Failure> {
        let spec = self.read()?;
        let site = self.site.read()?;
        let key = key(&spec, &self.site.cache(&site))?;
        let plan = planned(&spec, &key)?;
        let store = self.store(&site)?;
        let discreet = Discreet::of(&spec, key);
        let remote = self.remote.open(&site)?;
        Ok(Session { spec, plan, store, site, discreet, remote })
    }

    fn store(&self, site: &Site) -> Result<Store, Failure> {
        let failed = |error| Failure::environment(&error);
        let named = self.read_cache.iter().filter(|path| !path.as_os_str().is_empty()).chain(&site.read_caches);
        let below = named.map(|path| Store::open_to_read(path)).collect::<anyhow::Result<_>>();
        let store = Store::open(&self.site.cache(site)).map_err(failed)?.over(below.map_err(failed)?);
        warn_of_newer(&store);
        Ok(store)
    }
}

impl Session {
    /// Says that nothing can be computed where a result cannot be kept.
    pub(super) fn writable_for(&self, steps: usize) -> Result<(), Failure> {
        if steps == 0 || !self.store.is_read_only() {
            return Ok(());
        }
        let root = self.store.root().display();
        let fact = format!("error: {steps} steps have no result yet, and the cache {root} cannot be written to");
        let hint = format!("hint: `--cache DIR --read-cache {root}` keeps new results in a folder of your own");
        Err(Failure::new(Exit::Environment, format!("{fact}\n  {hint}")))
    }

    /// The steps that any of the patterns means.
    pub(super) fn matching_any(&self, patterns: &[String]) -> Result<Vec<StepId>, Failure> {
        let found: Result<Vec<_>, _> = patterns.iter().map(|pattern| self.matching(pattern)).collect();
        Ok(found?.concat())
    }

    /// The steps that a pattern on the command line means.
    pub(super) fn matching(&self, pattern: &str) -> Result<Vec<StepId>, Failure> {
        let found = self.plan.matching(pattern);
        if !found.is_empty() {
            return Ok(found);
        }
        let labels = self.plan.in_order().map(|id| self.plan.step(id).label.as_str());
        let nearest = labels.max_by(|a, b| {
            let likeness = |label: &str| strsim::jaro_winkler(label, pattern);
            likeness(a).total_cmp(&likeness(b))
        });
        let hint = nearest.map_or_else(String::new, |label| {
            format!("\n  hint: the nearest is `{label}`; a kind (`train`) means all of its steps")
        });
        Err(Failure::new(Exit::Spec, format!("error: no step is called `{pattern}`{hint}")))
    }
}

/// The plan of a spec.
pub(super) fn planned(spec: &Spec, key: &Key) -> Result<Plan, Failure> {
    let shown = Headers::shown();
    let roster = spec.study.as_ref().map(|study| Roster::of(study, key)).transpose()?;
    drop(shown);
    Ok(plan::expand(spec, roster.as_ref())?)
}

/// The key of the pseudonyms, which a spec without exams of people does not need.
pub(super) fn key(spec: &Spec, cache: &Path) -> Result<Key, Failure> {
    let needed = spec.study.as_ref().is_some_and(|study| study.cohort.folders().next().is_some());
    let key = if needed { Key::beside(cache) } else { Key::of_nobody() };
    key.map_err(|error| Failure::environment(&error))
}
