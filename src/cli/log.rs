//! `tracing` for those who want to look inside: to standard error, or as JSON lines to a file. What each step printed lies in the
//! cache, a file an action, whether anybody asked or not.

use std::fs::File;
use std::path::Path;

use tracing_subscriber::EnvFilter;

use super::{Exit, Failure};

pub(super) fn init(filter: &str, file: Option<&Path>) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::new(Exit::Spec, format!("error: --log {filter}: {error}"));
    let filter = EnvFilter::try_new(filter).map_err(|error| usage(&error))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    let Some(path) = file else {
        builder.with_writer(std::io::stderr).init();
        return Ok(());
    };
    let log = File::create(path)
        .map_err(|error| Failure::new(Exit::Spec, format!("error: --log-file {}: {error}", path.display())))?;
    builder.json().with_writer(log).init();
    Ok(())
}
