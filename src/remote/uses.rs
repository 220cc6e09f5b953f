//! What runs used, written beside what they share: the only knowledge of what a remote still needs. An object a set of results, under
//! the digest of the set, so that a run of the same again writes nothing new but the time.

use std::collections::BTreeSet;
use std::time::SystemTime;

use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::exchange::{Remote, Way};
use super::trouble::Trouble;
use crate::store::Digest;

#[derive(Serialize, Deserialize)]
struct Text {
    actions: BTreeSet<Digest>,
}

/// A use, where it is told.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) name: Path,
    pub(super) experiment: String,
    pub(super) at: SystemTime,
    pub(super) bytes: u64,
}

impl Remote {
    /// Tells the remote that an experiment stands on these results.
    ///
    /// # Errors
    /// When it does not take it.
    pub fn note_use(&self, experiment: &str, actions: BTreeSet<Digest>) -> Result<(), Trouble> {
        let used = Digest::of_parts(actions.iter().map(|action| action.as_bytes().as_slice()));
        let name = self.layout.use_of(experiment, used);
        let text = serde_json::to_vec(&Text { actions }).map_err(Trouble::here)?;
        let put = || self.timed(0, self.client.put(&name, PutPayload::from(text.clone())));
        self.block_on(self.request(Way::Send, put)).map(drop)
    }

    /// All uses, the last first.
    pub(super) async fn uses(&self) -> Result<Vec<Use>, Trouble> {
        let listed = self.list_below(&self.layout.uses()).await?;
        let mut uses: Vec<Use> = listed.into_iter().filter_map(|meta| self.use_of(meta)).collect();
        uses.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
        Ok(uses)
    }

    fn use_of(&self, meta: ObjectMeta) -> Option<Use> {
        let experiment = self.layout.experiment(&meta.location)?;
        Some(Use { experiment, at: meta.last_modified.into(), bytes: meta.size, name: meta.location })
    }

    /// What a use stood on; nothing where it cannot be understood.
    pub(super) async fn used(&self, name: &Path) -> Result<BTreeSet<Digest>, Trouble> {
        let bytes = self.read(name).await?.unwrap_or_default();
        Ok(serde_json::from_slice::<Text>(&bytes).map_or_else(|_| BTreeSet::new(), |text| text.actions))
    }
}
