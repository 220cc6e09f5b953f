//! Which columns are meant, where the command line leaves it open. Nothing is assumed that another reader could take otherwise,
//! and what is assumed is said.

use super::arguments::Arguments;
use crate::table::{Fault, Header, Kind, Labels};

/// What a column of the reference standard is usually called.
const TRUTHS: [&str; 9] = ["truth", "label", "class", "outcome", "target", "reference", "diagnosis", "status", "y"];
/// Columns of numbers that name subjects and do not score them.
const IDENTIFIERS: [&str; 8] = ["id", "case", "subject", "patient", "exam", "study", "row", "index"];

/// Positions of the columns that are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub(super) truth: usize,
    pub(super) by: Option<usize>,
    pub(super) cluster: Option<usize>,
    /// Scores, or what may be one.
    pub(super) scores: Vec<(usize, Kind)>,
}

impl Choice {
    /// Finds the columns that `arguments` name, or that can be meant where it names none.
    ///
    /// # Errors
    /// Every column that cannot be found.
    pub(super) fn of(header: &Header, arguments: &Arguments) -> Result<Self, Vec<Fault>> {
        let mut faults = vec![];
        let mut found = |position: Result<usize, Fault>| position.map_err(|fault| faults.push(fault)).ok();
        let truth = found(arguments.truth.as_ref().map_or_else(|| the_truth(header), |name| header.find(name)));
        let by = arguments.by.as_ref().and_then(|name| found(header.find(name)));
        let cluster = arguments.cluster.as_ref().and_then(|name| found(header.find(name)));
        let named: Vec<_> = arguments.scores.iter().filter_map(|name| found(header.find(name))).collect();
        let taken = [truth, by, cluster];
        let scores = if arguments.scores.is_empty() {
            (0..header.names().len())
                .filter(|at| !taken.contains(&Some(*at)) && may_score(&header.names()[*at]))
                .map(|at| (at, Kind::Candidate))
                .collect()
        } else {
            named.into_iter().map(|at| (at, Kind::Numbers)).collect()
        };
        match truth {
            Some(truth) if faults.is_empty() => Ok(Self { truth, by, cluster, scores }),
            _ => Err(faults),
        }
    }
}

/// A column of row names has no name.
fn may_score(name: &str) -> bool {
    !name.is_empty() && !IDENTIFIERS.contains(&name.to_lowercase().as_str())
}

fn the_truth(header: &Header) -> Result<usize, Fault> {
    let names = header.names().iter().enumerate();
    let found: Vec<_> = names.filter(|(_, name)| TRUTHS.contains(&name.to_lowercase().as_str())).collect();
    match found[..] {
        [(only, _)] => Ok(only),
        _ => {
            let fact = if found.is_empty() { "no column is known to be the truth" } else { "several columns may be the truth" };
            Err(Fault::of_table(fact, format!("say --truth COLUMN; the columns are {}", header.listed())))
        }
    }
}

/// Which levels of the reference standard are positive.
///
/// # Errors
/// When none was named and the levels are not 0/1 or TRUE/FALSE, or when none of those named occurs.
pub(super) fn positive(labels: &Labels, column: &str, named: &[String]) -> Result<Vec<bool>, Fault> {
    let named = if named.is_empty() { usual(labels).ok_or_else(|| unnamed(labels, column))? } else { named.to_vec() };
    let positive: Vec<bool> = labels.levels.iter().map(|level| named.iter().any(|value| same(level, value))).collect();
    if positive.contains(&true) {
        return Ok(positive);
    }
    Err(Fault::of_table(
        format!("`{}` does not occur in column `{column}`", named.join("`, `")),
        format!("the column holds {}", levels(labels)),
    ))
}

/// The value that is positive by its meaning.
fn usual(labels: &Labels) -> Option<Vec<String>> {
    let pairs = [("0", "1"), ("false", "true"), ("f", "t")];
    let (_, positive) =
        pairs.into_iter().find(|(low, high)| labels.levels.iter().all(|level| same(level, low) || same(level, high)))?;
    Some(vec![positive.to_owned()])
}

fn unnamed(labels: &Labels, column: &str) -> Fault {
    let fact = format!("column `{column}` holds {}", levels(labels));
    Fault::of_table(fact, "say which are positive: --positive VALUE,…")
}

/// Equal as text but for the case of letters in TRUE and FALSE, or as numbers: pandas writes 1 as `1.0` where a value is missing.
fn same(level: &str, value: &str) -> bool {
    let boolean = |text: &str| ["true", "false"].contains(&text.to_lowercase().as_str());
    let numbers = (level.parse::<f64>(), value.parse::<f64>());
    level == value
        || (boolean(level) && level.eq_ignore_ascii_case(value))
        || matches!(numbers, (Ok(level), Ok(value)) if level == value)
}

/// The first levels, for a message.
fn levels(labels: &Labels) -> String {
    let shown: Vec<String> = labels.levels.iter().take(6).map(|level| format!("`{level}`")).collect();
    match labels.levels.len() {
        0 => "no label".to_owned(),
        all if all > shown.len() => format!("{} and {} more", shown.join(", "), all - shown.len()),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(levels: &[&str]) -> Labels {
        Labels { levels: levels.iter().map(ToString::to_string).collect(), rows: vec![] }
    }

    #[test]
    fn zero_and_one_and_false_and_true_need_no_name() {
        assert_eq!(positive(&labels(&["1.0", "0.0"]), "y", &[]), Ok(vec![true, false]));
        assert_eq!(positive(&labels(&["FALSE", "TRUE"]), "y", &[]), Ok(vec![false, true]));
        assert!(positive(&labels(&["no", "yes"]), "y", &[]).unwrap_err().fact.contains("`no`, `yes`"));
        assert!(positive(&labels(&["1", "2"]), "y", &[]).is_err());
    }

    #[test]
    fn a_named_value_has_to_occur() {
        let named = |value: &str| positive(&labels(&["none", "left", "right"]), "y", &[value.to_owned(), "right".to_owned()]);
        assert_eq!(named("left"), Ok(vec![false, true, true]));
        assert_eq!(named("absent"), Ok(vec![false, false, true]));
        let slip = positive(&labels(&["Yes", "No"]), "y", &["yes".to_owned()]).unwrap_err();
        assert!(slip.fact.contains("`yes`") && slip.advice.unwrap().to_string().contains("`Yes`, `No`"));
    }
}
