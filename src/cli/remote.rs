//! The remote cache on the command line, and what a command on a spec has from it.

use clap::Args;

use super::cache::size;
use super::session::Session;
use super::{Exit, Failure};
use crate::execute::Executor;
use crate::remote::{Location, Remote};
use crate::site::Site;

/// The word for no remote at all.
const NONE: &str = "none";

/// Arguments of every command that a remote cache serves.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RemoteArguments {
    /// A cache that several machines share: s3://BUCKET/PREFIX, gs://…, az://…, file:///FOLDER or a folder; `none` for none [default:
    /// that of the site file]
    #[arg(long, env = "BGH_REMOTE", value_name = "URL")]
    remote: Option<String>,
}

impl RemoteArguments {
    /// The remote that is meant, if one is.
    pub(super) fn open(&self, site: &Site) -> Result<Option<Remote>, Failure> {
        let named = self.remote.as_deref().filter(|url| !url.is_empty()).or(site.remote.url.as_deref());
        named.filter(|url| *url != NONE).map(|url| open(url, site)).transpose()
    }
}

/// The remote of this name, with what the site says of remotes.
pub(super) fn open(url: &str, site: &Site) -> Result<Remote, Failure> {
    let refused = |error: anyhow::Error| Failure::new(Exit::Spec, format!("error: {error:#}"));
    Remote::open(Location::parse(url).map_err(refused)?, &site.remote).map_err(|error| Failure::environment(&error))
}

impl Session {
    /// Looks for results of others. Nothing is asked where nothing could be kept.
    pub(super) fn consult<'a>(&'a self, executor: &mut Executor<'a>) -> Result<(), Failure> {
        if let Some(remote) = self.remote.as_ref().filter(|_| !self.store.is_read_only()) {
            executor.consult(remote)?;
            self.warn_of_remote();
        }
        Ok(())
    }

    /// Fetches what a run needs of them.
    pub(super) fn bring(&self, executor: &mut Executor<'_>) -> Result<(), Failure> {
        let brought = executor.bring(false);
        self.warn_of_remote();
        brought.map_err(|error| Failure::environment(&error))
    }

    /// Tells the remote what this experiment stands on.
    pub(super) fn note_use(&self, executor: &Executor<'_>) {
        let Some(remote) = self.remote.as_ref().filter(|remote| remote.is_written()) else { return };
        if let Err(trouble) = remote.note_use(&self.spec.name, executor.actions()) {
            tracing::warn!(%trouble, "the use was not told to the remote cache");
            self.warn_of_remote();
        }
    }

    /// What passed between here and the remote; empty where nothing did.
    pub(super) fn traffic(&self) -> String {
        let Some(tally) = self.remote.as_ref().map(Remote::tally) else { return String::new() };
        let fetched = (tally.fetched_results > 0)
            .then(|| format!(" · {} from the remote, {} fetched", tally.fetched_results, size(tally.fetched_bytes)));
        let sent = (tally.sent_results > 0)
            .then(|| format!(" · {} sent to the remote, {}", tally.sent_results, size(tally.sent_bytes)));
        fetched.into_iter().chain(sent).collect()
    }

    fn warn_of_remote(&self) {
        if let Some(text) = self.remote.as_ref().and_then(Remote::news) {
            errln!("warning: {text}");
        }
    }
}
