//! What runs used when, and what they still need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::{Inventory, Wishes};
use crate::history::{Run, Runs};
use crate::store::{Digest, Store};

/// Needs of the runs of a cache.
#[derive(Debug)]
pub(super) struct Needs {
    /// Actions that must stay whatever the size of the cache: of named specs, of runs and jobs that live.
    pub(super) firm: BTreeSet<Digest>,
    /// Actions of recent runs.
    pub(super) recent: BTreeSet<Digest>,
    /// When each action was last used.
    pub(super) used: BTreeMap<Digest, SystemTime>,
    /// Journals that nobody needs.
    pub(super) old_runs: Vec<PathBuf>,
}

impl Needs {
    pub(super) fn of(store: &Store, inventory: &Inventory, wishes: &Wishes) -> Result<Self> {
        let used = inventory.records.iter().map(|(action, record)| (*action, record.made)).collect();
        let mut needs = Self { firm: wishes.keep.clone(), recent: BTreeSet::new(), used, old_runs: vec![] };
        needs.firm.extend(working(store));
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for run in Runs::of(store).list()?.iter().rev() {
            let rank = seen.entry(run.header().experiment.clone()).or_default();
            *rank += 1;
            needs.add(run, *rank <= wishes.recent, wishes);
        }
        for last in store.last_uses() {
            let actions: Vec<Digest> = last.steps.into_iter().map(|(_, action)| action).collect();
            needs.use_at(&actions, last.at);
            needs.recent.extend(actions.iter().filter(|_| wishes.recent > 0));
        }
        Ok(needs)
    }

    fn add(&mut self, run: &Run, is_recent: bool, wishes: &Wishes) {
        let actions: Vec<Digest> = run.actions().unwrap_or_default().into_values().collect();
        let at = ended(run);
        self.use_at(&actions, at);
        if run.is_alive() {
            self.firm.extend(actions);
        } else if is_recent {
            self.recent.extend(actions);
        } else if wishes.is_unused(at) {
            self.old_runs.push(run.folder().to_owned());
        }
    }

    fn use_at(&mut self, actions: &[Digest], at: SystemTime) {
        for action in actions {
            let used = self.used.entry(*action).or_insert(at);
            *used = at.max(*used);
        }
    }

    /// Whether a record stays if there is room.
    pub(super) fn wants(&self, action: &Digest, wishes: &Wishes) -> bool {
        let is_unused = self.used.get(action).is_none_or(|used| wishes.is_unused(*used));
        self.firm.contains(action) || self.recent.contains(action) || !is_unused
    }
}

/// The last sign of life; a clock that was wrong then is wrong here.
fn ended(run: &Run) -> SystemTime {
    let events = run.folder().join("events.jsonl").metadata().and_then(|meta| meta.modified());
    events.unwrap_or_else(|_| UNIX_EPOCH + Duration::try_from_secs_f64(run.header().started).unwrap_or_default())
}

/// Actions whose job somebody works at.
fn working(store: &Store) -> impl Iterator<Item = Digest> {
    let jobs = super::tree::entries(&store.root().join("jobs-v1"));
    jobs.into_iter().filter_map(|job| action_of(&job)).filter(|action| store.is_claimed(*action))
}

/// The action whose job directory this is.
pub(super) fn action_of(job: &Path) -> Option<Digest> {
    job.file_name()?.to_str()?.parse().ok()
}
