//! What commands on a spec share: the experiment, its exams, its plan and the cache.

use std::path::PathBuf;

use clap::Args;

use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::history::Header;
use crate::plan::{self, Plan, Roster, StepId};
use crate::site::Site;
use crate::spec::{self, Experiment};
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
}

pub(super) struct Session {
    pub(super) experiment: Experiment,
    pub(super) plan: Plan,
    pub(super) store: Store,
    pub(super) site: Site,
}

impl SpecArguments {
    pub(super) fn experiment(&self) -> Result<Experiment, Failure> {
        Ok(spec::load(&self.spec, &self.overrides())?)
    }

    /// What the journal of a run of this spec begins with.
    pub(super) fn header(&self, experiment: &Experiment) -> Header {
        Header::now(&experiment.name, &self.spec, spec::resolved(&self.spec, &self.overrides()).unwrap_or_default())
    }

    fn overrides(&self) -> Vec<String> {
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        self.set.iter().cloned().chain(seed).collect()
    }

    pub(super) fn open(&self) -> Result<Session, Failure> {
        let experiment = self.experiment()?;
        let roster = Roster::of(&experiment)?;
        let plan = plan::expand(&experiment, &roster);
        let site = self.site.read()?;
        let store = Store::open(&self.site.cache(&site)).map_err(|error| Failure::environment(&error))?;
        Ok(Session { experiment, plan, store, site })
    }
}

impl Session {
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
