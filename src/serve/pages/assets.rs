//! Parts of the program that the pages load: style, script, icon.

use crate::serve::answer::Answer;
use crate::serve::route::Route;

pub(super) const STYLE: Route = Route {
    path: "/style.css",
    answer: |_, _| Ok(Answer::asset("text/css; charset=utf-8", include_str!("../assets/style.css"))),
};

pub(super) const SCRIPT: Route = Route {
    path: "/live.js",
    answer: |_, _| Ok(Answer::asset("text/javascript; charset=utf-8", include_str!("../assets/live.js"))),
};

pub(super) const ICON: Route =
    Route { path: "/icon.svg", answer: |_, _| Ok(Answer::asset("image/svg+xml", include_str!("../assets/icon.svg"))) };

/// Where browsers look for one when a page names none: the report's does not.
pub(super) const KNOWN_ICON: Route = Route { path: "/favicon.ico", answer: ICON.answer };
