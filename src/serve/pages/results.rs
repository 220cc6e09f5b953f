//! What the comparison found: areas with their intervals, and contrasts.

use anyhow::Result;
use maud::{Markup, html};

use crate::artifact::results::{ComparisonResult, Estimate, ModelResult, Results};
use crate::serve::answer::{Answer, Missing};
use crate::serve::ask::Ask;
use crate::serve::layout::Page;
use crate::serve::route::Route;
use crate::serve::site::Site;
use crate::serve::{address, artifacts};

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/results", answer };

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (_, step) = picture.of_kind("compare").next().ok_or_else(|| Missing("this run compares nothing".to_owned()))?;
        let results = Results::open(&artifacts::files(&site.store, step, "results")?)?;
        let body = html! {
            h1 { "Results" }
            p {
                (results.n_positive) " test exams with " (results.positive.join(" or ")) ", " (results.n_negative) " without. An exam's score is the "
                (results.aggregate) " over its slices. Intervals have the level " (results.level) "."
            }
            (areas(&results))
            @for comparison in &results.comparisons { (contrasts(comparison)) }
        };
        let way = vec![(address::run(&picture.id), picture.id.clone())];
        Ok(Answer::page(Page { title: "Results", way, events: None, body }.markup()))
    })
}

fn areas(results: &Results) -> Markup {
    html! {
        h2 { "Areas under the ROC curve" }
        div.scroll tabindex="0" role="region" aria-label="Areas" {
            table {
                thead { tr { th { "Model" } th.number { "AUC" } th { "Interval" } th.wide { span.hidden { "Drawing" } } } }
                tbody { @for model in results.models.iter().chain(&results.readers) { (area(model)) } }
            }
        }
    }
}

fn area(model: &ModelResult) -> Markup {
    let limits = model.sound.defined().map(|sound| sound.limits);
    html! {
        tr {
            th scope="row" { (model.name) }
            td.number { (format!("{:.3}", model.auc)) }
            td { (interval(limits, model.sound.reason())) }
            td.wide { (bar(model.auc, limits)) }
        }
    }
}

fn interval(limits: Option<[f64; 2]>, reason: Option<&str>) -> Markup {
    match limits {
        Some([low, high]) => html! { (format!("{low:.3} to {high:.3}").replace('-', "\u{2212}")) },
        None => html! { span.soft { "not estimable: " (reason.unwrap_or("no reason is given")) } },
    }
}

/// A dot at the area and a bar over its interval, from 0 to 1, with a mark at a half.
fn bar(auc: f64, limits: Option<[f64; 2]>) -> Markup {
    let x = |value: f64| format!("{:.1}", 5.0 + 190.0 * value);
    html! {
        svg.bar viewBox="0 0 200 16" aria-hidden="true" {
            line.grid x1=(x(0.0)) x2=(x(1.0)) y1="8" y2="8" {}
            line.grid x1=(x(0.5)) x2=(x(0.5)) y1="2" y2="14" {}
            @if let Some([low, high]) = limits { line.line2.curve x1=(x(low)) x2=(x(high)) y1="8" y2="8" {} }
            circle.line2.point cx=(x(auc)) cy="8" r="4" {}
        }
    }
}

fn contrasts(comparison: &ComparisonResult) -> Markup {
    html! {
        h2 { (comparison.asked.title) }
        div.scroll tabindex="0" role="region" aria-label=(comparison.asked.title) {
            table {
                thead { tr { th { "First" } th { "Second" } th.number { "Difference of AUCs" } th { "Interval" } th.number { "p" } th.number { "p (Holm)" } } }
                tbody {
                    @for row in &comparison.rows {
                        tr {
                            td { (row.a) } td { (row.b) }
                            td.number { (format!("{:+.3}", row.difference).replace('-', "\u{2212}")) }
                            td { (interval(row.ci.defined().copied(), row.ci.reason())) }
                            td.number { (p(&row.p)) } td.number { (p(&row.p_holm)) }
                        }
                    }
                }
            }
        }
    }
}

fn p(value: &Estimate<f64>) -> String {
    match value.defined() {
        Some(p) if *p < 0.001 => "<0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
        None => "not estimable".to_owned(),
    }
}
