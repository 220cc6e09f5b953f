//! The site file on the command line, and the places that it may name.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::site::Site;

/// Arguments of every command that uses the cache.
#[derive(Debug, Clone, Args)]
pub(super) struct SiteArguments {
    /// What this machine offers, a TOML file [default: bgh-site.toml, else ~/.config/bgh/site.toml]
    #[arg(long, env = "BGH_SITE", value_name = "FILE")]
    site: Option<PathBuf>,

    /// The artifact cache [default: that of the site file, else cache]
    #[arg(long, env = "BGH_CACHE", value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl SiteArguments {
    pub(super) fn read(&self) -> Result<Site, Failure> {
        Ok(Site::find(self.site.as_deref())?)
    }

    /// Where the cache is.
    pub(super) fn cache(&self, site: &Site) -> PathBuf {
        self.cache.clone().or_else(|| site.cache.clone()).unwrap_or_else(|| "cache".into())
    }
}
