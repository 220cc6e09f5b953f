//! The report as it is. It is what a stage made, so it runs no script.

use anyhow::Result;
use serde_json::json;

use crate::execute::PROVENANCE;
use crate::serve::answer::{Answer, Missing};
use crate::serve::artifacts;
use crate::serve::ask::Ask;
use crate::serve::picture::Picture;
use crate::serve::route::Route;
use crate::serve::site::Site;

/// Types by the end of the name, for what a report consists of.
const TYPES: [(&str, &str); 7] = [
    (".html", "text/html; charset=utf-8"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".csv", "text/plain; charset=utf-8"),
    (".json", "text/plain; charset=utf-8"),
    (".md", "text/plain; charset=utf-8"),
    (".tex", "text/plain; charset=utf-8"),
];

/// The report names its files relatively, so its page lies in a folder.
pub(super) const FRONT: Route = Route {
    path: "/runs/{run}/report",
    answer: |_, ask| Ok(Answer::elsewhere(&crate::serve::address::of_run(ask.named("run"), "report/report.html"))),
};

pub(super) const FILE: Route = Route { path: "/runs/{run}/report/{name..}", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    let name = ask.named("name");
    site.with_run(ask, |picture| {
        let (_, step) = picture.of_kind("report").next().ok_or_else(|| Missing("this run makes no report".to_owned()))?;
        if name == PROVENANCE {
            return Ok(Answer::text(provenance(site, picture)?));
        }
        let artifact = artifacts::artifact(&site.store, step, "report")?;
        let blob = artifact.0.get(name).ok_or_else(|| Missing(format!("the report has no file `{name}`")))?;
        let kind = TYPES.iter().find(|(end, _)| name.ends_with(end)).map_or("application/octet-stream", |(_, kind)| kind);
        Answer::file(&site.store.blob(blob.digest), kind)
    })
}

/// Where and when everything was made: it stands beside a report and not in it, so it is gathered from the records.
fn provenance(site: &Site, picture: &Picture) -> Result<String> {
    let mut steps = vec![];
    for step in &picture.steps {
        if let Some(record) = artifacts::record(&site.store, step)? {
            steps.push(json!({
                "step": step.entry.step, "kind": step.entry.kind, "action": step.action, "provenance": record.provenance,
            }));
        }
    }
    Ok(serde_json::to_string_pretty(&json!({"experiment": picture.experiment, "steps": steps}))?)
}
