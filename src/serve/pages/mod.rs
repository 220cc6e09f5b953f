//! Every page. One more is a file here and a line in [`ROUTES`].

mod assets;
mod events;
mod file;
mod home;
mod image;
mod log;
mod predictions;
mod report;
mod results;
mod run;
mod sheet;
mod slice;
mod spec;
mod step;
mod steps;

use super::route::Route;

/// All pages; the first that fits answers.
pub(super) const ROUTES: &[Route] = &[
    home::ROUTE,
    assets::STYLE,
    assets::SCRIPT,
    assets::ICON,
    assets::KNOWN_ICON,
    run::ROUTE,
    events::ROUTE,
    spec::ROUTE,
    results::ROUTE,
    predictions::ROUTE,
    report::FRONT,
    report::FILE,
    steps::ROUTE,
    step::ROUTE,
    log::ROUTE,
    sheet::ROUTE,
    image::ROUTE,
    file::ROUTE,
];
