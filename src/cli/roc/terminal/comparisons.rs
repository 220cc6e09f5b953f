//! The differences of areas.

use super::columns::{self, table};
use super::interval_title;
use crate::cli::roc::answer::Answer;
use crate::cli::roc::comparison::Comparison;
use crate::cli::roc::joint::Joint;
use crate::cli::roc::number;

type Column<'a> = columns::Column<'a, Comparison>;

pub(super) fn text(answer: &Answer, comparisons: &[Comparison]) -> String {
    let adjusted = format!("p ({})", method(&answer.adjust));
    let columns = [
        Column::new("difference", |found| found.difference.map(number::difference)),
        Column::new(interval_title(answer), interval),
        Column::new("z", |found| found.z.map(number::statistic)),
        Column::new("t", |found| found.t.map(number::statistic)),
        Column::new("df", |found| found.df.map(|df| format!("{df:.1}"))),
        Column::new("p", |found| found.p.map(number::p)),
        Column::new(adjusted, |found| found.p_adjusted.filter(|_| answer.adjust != "none").map(number::p)),
        Column::new("p not worse", |found| found.noninferiority_p.map(number::p)),
    ];
    table(comparisons, "a − b", title, &columns) + &remarks(answer, comparisons)
}

fn remarks(answer: &Answer, comparisons: &[Comparison]) -> String {
    let undefined = comparisons.iter().filter_map(|found| Some(format!("  {}: {}\n", title(found), found.undefined.as_ref()?)));
    let without_variance = |found: &Comparison| found.design == "paired" && found.difference.is_some() && found.p.is_none();
    let advice = answer.test == "delong" && comparisons.iter().any(without_variance);
    undefined.chain(advice.then(|| "  --test permutation needs no variance\n".to_owned())).collect()
}

/// One line on all curves at once.
pub(super) fn joint(curves: usize, joint: &Joint) -> String {
    let test = joint.chi_square.zip(joint.df).zip(joint.p);
    let said = test.map(|((statistic, df), p)| format!("χ² = {statistic:.2}, df = {df}, p {}", number::p_statement(p)));
    let said = said.or_else(|| joint.undefined.clone()).unwrap_or_default();
    format!("  test that all {curves} areas are equal: {said}\n")
}

/// With the score where a and b are levels.
fn title(found: &Comparison) -> String {
    let score = found.score.iter().map(|score| format!("{score}: ")).collect::<String>();
    format!("{score}{} − {}", found.a, found.b)
}

fn interval(found: &Comparison) -> Option<String> {
    let (low, high) = found.ci_low.zip(found.ci_high)?;
    Some(number::limits(&number::difference(low), &number::difference(high)))
}

/// An adjustment as people write it.
fn method(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    if name == "bh" { "BH".to_owned() } else { first.to_uppercase() + rest }
}
