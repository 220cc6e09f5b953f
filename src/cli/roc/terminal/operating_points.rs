//! What the scores decide where they are cut.

use super::columns::{self, table};
use crate::cli::roc::answer::Answer;
use crate::cli::roc::number;
use crate::cli::roc::operating_point::{OperatingPoint, THESE_SUBJECTS};

type Column<'a> = columns::Column<'a, OperatingPoint>;

pub(super) fn text(answer: &Answer, points: &[OperatingPoint]) -> String {
    let columns = [
        Column::new("threshold", |point| point.threshold.map(|threshold| number::plain(threshold.0))),
        Column::new("sensitivity", |point| rate(point.sensitivity, point.sensitivity_low, point.sensitivity_high)),
        Column::new("specificity", |point| rate(point.specificity, point.specificity_low, point.specificity_high)),
        Column::new("PPV", |point| point.ppv.map(number::share)),
        Column::new("NPV", |point| point.npv.map(number::share)),
        Column::new("LR+", |point| point.lr_positive.map(number::plain)),
        Column::new("LR\u{2212}", |point| point.lr_negative.map(number::plain)),
    ];
    table(points, "operating point", |point| format!("{}, {}", point.name, point.rule), &columns) + &remarks(answer, points)
}

fn rate(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> Option<String> {
    let limits = low.zip(high).map(|(low, high)| format!(" ({})", number::limits(&number::share(low), &number::share(high))));
    Some(number::share(value?) + &limits.unwrap_or_default())
}

fn remarks(answer: &Answer, points: &[OperatingPoint]) -> String {
    let prevalence = points.iter().find_map(|point| point.prevalence);
    let prevalence = prevalence.map_or_else(|| "that of these subjects".to_owned(), |share| share.to_string());
    let level = number::percent(answer.level);
    let mut remarks = format!("  {level} % intervals ({}); prevalence for PPV and NPV: {prevalence}\n", answer.proportion);
    if points.iter().any(|point| point.chosen_on == THESE_SUBJECTS) {
        remarks.push_str(
            "  The thresholds were chosen on the subjects that they judge, so that sensitivity and specificity look better\n  \
             than they are elsewhere; --tuning FILE chooses them on another table\n",
        );
    }
    for point in points {
        remarks.extend(point.undefined.iter().map(|why| format!("  {}, {}: {why}\n", point.name, point.rule)));
    }
    remarks
}
