//! The areas, and what a reader has to know about some of them.

use super::columns::{self, table};
use super::interval_title;
use crate::cli::roc::answer::Answer;
use crate::cli::roc::curve::Curve;
use crate::cli::roc::number;

type Column<'a> = columns::Column<'a, Curve>;

pub(super) fn text(answer: &Answer, curves: &[Curve]) -> String {
    let complete = curves.first().map_or(0, |curve| curve.n_complete);
    let some_missing = curves.iter().any(|curve| curve.n_complete != complete);
    let partial = answer.partial.as_ref().map_or_else(String::new, |partial| format!("AUC over {partial}"));
    let columns = [
        Column::new("AUC", |curve| curve.auc.map(number::share)),
        Column::new(interval_title(answer), interval),
        Column::new("SE", |curve| curve.se.map(number::error)),
        Column::new("n", |curve| some_missing.then(|| curve.n_complete.to_string())),
        Column::new(partial, |curve| curve.partial_auc.map(number::error)),
        Column::new("rescaled", |curve| curve.partial_auc_corrected.map(number::share)),
        Column::new("design effect", |curve| curve.design_effect.map(number::statistic)),
        Column::new("effective n", |curve| curve.effective_n.map(|subjects| format!("{subjects:.0}"))),
    ];
    table(curves, "score", |curve| curve.name.clone(), &columns) + &remarks(curves)
}

fn interval(curve: &Curve) -> Option<String> {
    let exact = if curve.exact_ci_low.is_some() { " *" } else { "" };
    curve.shown_interval().map(|[low, high]| format!("{}{exact}", number::limits(&number::share(low), &number::share(high))))
}

fn remarks(curves: &[Curve]) -> String {
    let exact = curves.iter().any(|curve| curve.exact_ci_low.is_some()).then(|| {
        "* exact: at an AUC of 1 or 0 the estimated variance is 0 and the usual interval a single point; this one is\n  \
         Clopper and Pearson's for as many independent pairs as the smaller class has subjects\n"
            .to_owned()
    });
    let clusters = curves.iter().find_map(|curve| curve.n_clusters).map(|clusters| {
        format!(
            "  {clusters} clusters: variances after Obuchowski; the design effect is how often it is that of\n  \
             independent rows, and the effective n how many of those the rows are worth\n"
        )
    });
    let of_each = curves.iter().flat_map(|curve| [undefined(curve), degenerate(curve), below_chance(curve)]);
    [exact, clusters].into_iter().chain(of_each).flatten().collect()
}

fn undefined(curve: &Curve) -> Option<String> {
    curve.undefined.as_ref().map(|why| format!("  {}: {why}\n", curve.name))
}

fn degenerate(curve: &Curve) -> Option<String> {
    curve.is_degenerate().then(|| format!("  {}: the estimated variance is 0, so that its interval says nothing\n", curve.name))
}

fn below_chance(curve: &Curve) -> Option<String> {
    let advice = match curve.direction {
        "lower" => "if higher scores are the suspicious ones, leave --lower-is-positive out".to_owned(),
        _ => format!("if lower scores are the suspicious ones, say --lower-is-positive={}", curve.name),
    };
    (curve.auc? < 0.5).then(|| format!("  {}: below chance; {advice}\n", curve.name))
}
