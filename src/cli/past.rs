//! What commands on runs share: the cache, its runs, and how times are written.

use std::path::PathBuf;

use chrono::{DateTime, Local};
use clap::Args;

use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::history::{NoRun, Run, Runs};
use crate::store::Store;

/// Arguments of every command on the runs of a cache.
#[derive(Debug, Args)]
pub(super) struct CacheArguments {
    #[command(flatten)]
    pub(super) site: SiteArguments,
}

impl CacheArguments {
    /// The folder of the cache.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        Ok(self.site.cache(&self.site.read()?))
    }

    /// The runs of the cache; it need not be there.
    pub(super) fn runs(&self) -> Result<Runs, Failure> {
        Ok(Runs::at(&self.folder()?))
    }

    /// The cache itself; one that is not there is not made.
    pub(super) fn store(&self) -> Result<Store, Failure> {
        let cache = self.folder()?;
        if !cache.is_dir() {
            let fact = format!("error: there is no cache at {}", cache.display());
            return Err(Failure::new(
                Exit::Spec,
                format!("{fact}\n  hint: name it with --cache, in BGH_CACHE or in a site file"),
            ));
        }
        let store = Store::open(&cache).map_err(|error| Failure::environment(&error))?;
        warn_of_newer(&store);
        Ok(store)
    }
}

/// A newer `bgh` may have been here; what it keeps in formats of its own is safe and not seen.
pub(super) fn warn_of_newer(store: &Store) {
    let newer = store.newer_formats();
    if !newer.is_empty() {
        let what = newer.join(", ");
        errln!("warning: a newer bgh has used this cache; what it keeps in {what} is not seen by this version");
    }
}

/// The run of this name.
pub(super) fn find(runs: &Runs, name: &str) -> Result<Run, Failure> {
    runs.find(name)?.map_err(no_run)
}

/// A name that means no run, as a failure.
pub(super) fn no_run(fault: NoRun) -> Failure {
    Failure::new(Exit::Spec, format!("error: {fault}"))
}

/// Seconds since 1970 as a date and a time here.
pub(super) fn when(seconds: f64) -> String {
    let time = DateTime::from_timestamp_millis((seconds * 1000.0) as i64).unwrap_or_default();
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}
