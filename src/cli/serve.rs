//! `bgh serve`: the live page.

use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use super::session::SpecArguments;
use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::execute::{Executor, Options};
use crate::history::{Entry, Runs};
use crate::serve::{Outline, Server, Site};
use crate::store::Store;

/// Arguments of `bgh serve`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An experiment whose last run, or else whose plan, is opened first
    spec: Option<PathBuf>,

    #[command(flatten)]
    site: SiteArguments,

    /// Port on 127.0.0.1 [default: one that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let outline = arguments.spec.as_deref().map(|spec| outline(spec, &arguments.site)).transpose()?;
    let store = Store::open(&arguments.site.cache(&arguments.site.read()?)).map_err(|error| Failure::environment(&error))?;
    let page = first_page(&store, outline.as_ref())?;
    let server = Server::bind(arguments.port, Site::new(store.to_look_at(), outline)).map_err(|error| refused(&error))?;
    let url = server.url(&page);
    // Whoever started this in a pipe waits for the line.
    writeln!(stdout(), "{url}").and_then(|()| stdout().flush()).map_err(anyhow::Error::from)?;
    if arguments.open {
        open(&url);
    }
    server.serve();
    Ok(())
}

/// What the spec asks for and which of it has a result.
fn outline(spec: &Path, site: &SiteArguments) -> Result<Outline, Failure> {
    let spec = SpecArguments::of(spec.to_owned(), site.clone());
    let session = spec.open()?;
    let experiment = session.spec.name.clone();
    let options = Options { experiment: experiment.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    Ok(Outline { experiment, entries: Entry::all(&session.plan, &executor) })
}

/// The last run of the spec, or its plan if there is none; without a spec, all runs.
fn first_page(store: &Store, outline: Option<&Outline>) -> Result<String, Failure> {
    let Some(outline) = outline else { return Ok("/".to_owned()) };
    let last = Runs::of(store).last(|run| run.header().experiment == outline.experiment)?;
    Ok(format!("/runs/{}", last.as_ref().map_or("spec", |run| run.id())))
}

fn refused(error: &anyhow::Error) -> Failure {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let advice = match kind {
        Some(ErrorKind::AddrInUse) => {
            "\n  hint: another program listens there; choose another `--port`, or leave it out for one that is free"
        }
        Some(ErrorKind::PermissionDenied) => "\n  hint: ports below 1024 are for the administrator; choose a higher `--port`",
        _ => "",
    };
    Failure::new(Exit::Environment, format!("error: {error:#}{advice}"))
}

/// The page works without it, so a failure is only told.
fn open(url: &str) {
    let started = Command::new("xdg-open").arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        errln!("warning: cannot start a browser (xdg-open: {error}); open the address above");
    }
}
