//! What a run has from a remote cache before it begins. Records are asked for first, wave by wave, as keys become known; they are small
//! and say all that a key needs. Bytes are fetched only of what the rest of the run reads and of what it leaves to the user.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Result;

use super::{Event, Executor, Listener, Reason, State};
use crate::plan::{Input, Manifest, StepId};
use crate::remote::Remote;
use crate::store::{ActionResult, Blob, Digest, Miss};

impl<'a> Executor<'a> {
    /// Asks the remote for results of the steps that have none here; those that it has count as done. How many it had.
    ///
    /// # Errors
    /// When a source file cannot be read.
    pub fn consult(&mut self, remote: &'a Remote) -> Result<usize> {
        self.remote = Some(remote);
        let mut asked: HashSet<Digest> = HashSet::new();
        while remote.is_read() {
            let mut open = self.askable()?;
            open.retain(|(_, action)| asked.insert(*action));
            let actions: Vec<Digest> = open.iter().map(|(_, action)| *action).collect();
            let Ok(found) = remote.records(&actions) else { break };
            if found.is_empty() {
                break;
            }
            let known: Vec<StepId> = open.iter().filter(|(_, action)| found.contains_key(action)).map(|(id, _)| *id).collect();
            for (id, action) in open {
                let Some(result) = found.get(&action) else { continue };
                let (outputs, provenance) = (result.outputs.clone(), result.provenance.clone());
                self.set_state(id, State::Done { action, outputs, provenance, cached: true });
                self.distant.insert(id, result.clone());
            }
            let readers = known.iter().flat_map(|id| self.plan.readers(*id)).collect::<BTreeSet<_>>();
            self.resolve(readers.into_iter().collect())?;
        }
        Ok(self.distant.len())
    }

    /// Steps without a result whose key is known.
    fn askable(&self) -> Result<Vec<(StepId, Digest)>> {
        let mut open = vec![];
        for id in self.unfinished() {
            let action = match self.state(id) {
                State::Ready { reason: Reason::Forced, .. } => None,
                State::Ready { manifest, .. } => Some(manifest.digest()),
                _ if self.options.forced.contains(&id) => None,
                // One that waits for no more than its gate.
                _ => self.input_digests(id)?.map(|digests| Manifest::new(self.plan.step(id), &digests).digest()),
            };
            open.extend(action.map(|action| (id, action)));
        }
        Ok(open)
    }

    /// Fetches the bytes of results that are known from the remote, as far as this run needs them, or `all` of them. What cannot be had
    /// whole is as good as not there: the step runs again, and what stands on it is looked at again then.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn bring(&mut self, all: bool) -> Result<()> {
        let Some(remote) = self.remote else { return Ok(()) };
        loop {
            let needed: Vec<StepId> = self.distant.keys().copied().filter(|id| all || self.is_needed(*id)).collect();
            let wanted: Vec<Blob> = needed.iter().flat_map(|id| self.distant[id].files()).map(|(_, blob)| blob).collect();
            let missing = remote.bring(self.store, wanted)?.missing;
            if missing.is_empty() {
                break;
            }
            for id in needed {
                let gone = self.distant.get(&id).and_then(|result| {
                    let (name, blob) = result.files().find(|(_, blob)| missing.contains_key(&blob.digest))?;
                    Some((name.to_owned(), blob.digest, result.key()))
                });
                let Some((name, digest, action)) = gone else { continue };
                let is_absent = matches!(missing.get(&digest), Some(crate::remote::Trouble::Absent));
                remote.spoil(action);
                self.take_back(id, if is_absent { Miss::BlobMissing(name) } else { Miss::BlobDamaged(name) })?;
            }
        }
        self.keep_whole(remote)
    }

    /// Whether somebody reads the step's outputs: a step that is not done, or the user.
    fn is_needed(&self, id: StepId) -> bool {
        let reads = |reader: StepId| {
            let mut inputs = self.plan.step(reader).inputs.values();
            inputs.any(|input| matches!(input, Input::Output { step, .. } if *step == id))
        };
        let is_open = |reader: StepId| matches!(self.state(reader), State::Ready { .. } | State::Waiting) && reads(reader);
        let is_last = self.plan.readers(id).all(|reader| matches!(self.state(reader), State::Left));
        is_last || self.plan.readers(id).any(is_open) || self.plan.exports().iter().any(|export| export.step == id)
    }

    /// Makes a step, and all that stands on it, open again.
    fn take_back(&mut self, id: StepId, why: Miss) -> Result<()> {
        let mut open = vec![id];
        while let Some(step) = open.pop() {
            self.distant.remove(&step);
            self.set_state(step, State::Waiting);
            let done = |reader: &StepId| matches!(self.state(*reader), State::Done { .. } | State::Ready { .. });
            open.extend(self.plan.readers(step).filter(done));
        }
        self.lock_held().insert(id, why);
        self.resolve(vec![id])
    }

    /// Results that are here whole become results of this cache.
    fn keep_whole(&mut self, remote: &Remote) -> Result<()> {
        remote.note_used(self.distant.len());
        let distant = std::mem::take(&mut self.distant);
        let is_whole = |result: &ActionResult| result.files().all(|(_, blob)| self.store.is_whole(&blob));
        let (whole, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = distant.into_iter().partition(|(_, result)| is_whole(result));
        let keyed: Vec<(Digest, &ActionResult)> = whole.values().map(|result| (result.key(), result)).collect();
        self.store.publish(&keyed).into_iter().collect::<Result<()>>()?;
        self.distant = rest;
        self.remember(&whole.keys().copied().collect::<Vec<_>>());
        Ok(())
    }

    /// Results that are known from the remote and not all here.
    pub fn distant(&self) -> usize {
        self.distant.len()
    }

    /// The keys of all steps that are done.
    pub fn actions(&self) -> BTreeSet<Digest> {
        let action = |id| match self.state(id) {
            State::Done { action, .. } => Some(*action),
            _ => None,
        };
        self.plan.in_order().filter_map(action).collect()
    }
}

/// Says once what came between a run and its remote.
pub(super) fn tell(remote: Option<&Remote>, unsent: usize, listener: &mut dyn Listener) {
    let Some(remote) = remote else { return };
    let unsent = (unsent > 0).then(|| {
        format!("{unsent} results were not sent to the remote cache; `bgh cache push {}` sends them", remote.location())
    });
    for text in remote.news().into_iter().chain(unsent) {
        listener.event(&Event::Warned { step: None, text });
    }
}
