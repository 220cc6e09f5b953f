//! The subjects of a table and their scores, all turned so that a higher score is more suspicious.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::arguments::Arguments;
use super::choice::{Choice, positive};
use crate::table::{Column, Fault, Faults, Format, Header, Kind, Labels, Numbers, Reader};

/// Subjects with a known truth, and with a known cluster where clusters are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Study {
    pub(super) is_case: Vec<bool>,
    pub(super) scores: Vec<Score>,
    /// A subject's cluster, where clusters were asked for.
    pub(super) cluster: Option<Vec<u32>>,
    /// A subject's group, where groups were asked for.
    pub(super) groups: Option<Labels>,
    /// Rows of the table that are not among the subjects.
    pub(super) excluded: usize,
    /// The level of `--by` that this study is cut to.
    pub(super) level: Option<String>,
    /// Which values of which column are positive, for people.
    pub(super) positive: String,
    /// What was assumed.
    pub(super) notes: Vec<String>,
}

/// One column of scores.
#[derive(Debug, Clone)]
pub(super) struct Score {
    pub(super) name: String,
    /// Whether the table has lower scores for cases; `values` are negated then.
    pub(super) lower_is_positive: bool,
    /// A value a subject; NaN where it is missing.
    pub(super) values: Vec<f64>,
    pub(super) missing: usize,
}

impl Study {
    /// Reads `path` (`-`: standard input) as `arguments` say.
    ///
    /// # Errors
    /// What is wrong with the table, or with the arguments in the light of its header.
    pub(super) fn read(path: &Path, arguments: &Arguments) -> Result<Self, Faults> {
        let source = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let refused = |fault: Fault| Faults::of(&source, [fault]);
        let input =
            open(path).map_err(|error| refused(Fault::of_table(error.to_string(), "give a CSV file, or `-` for a pipe")))?;
        let format = Format { delimiter: arguments.delimiter, header: !arguments.no_header };
        let reader = Reader::open(&source, input, format)?;
        let header = reader.header().clone();
        let choice = Choice::of(&header, arguments).map_err(|faults| Faults::of(&source, faults))?;
        let columns = reader.read(&choice.wanted())?;
        Draft { header: &header, choice: &choice, arguments }.study(columns).map_err(refused)
    }

    /// The subjects of each level of the groups, a study each.
    pub(super) fn levels(&self) -> Vec<Self> {
        let levels = self.groups.iter().flat_map(|groups| groups.levels.iter().zip(0..));
        levels.map(|(name, level)| self.cut_to(name, level)).collect()
    }

    /// Asks another table for the scores of this one.
    pub(super) fn asked_again(&self, arguments: &Arguments) -> Arguments {
        let scores = self.scores.iter().map(|score| score.name.clone()).collect();
        Arguments { scores, by: None, cluster: None, ..arguments.clone() }
    }

    fn cut_to(&self, name: &str, level: u32) -> Self {
        let rows = self.groups.iter().flat_map(|groups| groups.rows.iter());
        let keep: Vec<bool> = rows.map(|row| *row == Some(level)).collect();
        let mut part = Self { groups: None, level: Some(name.to_owned()), ..self.clone() };
        part.retain(&keep);
        part
    }

    fn exclude(&mut self, truth: &Labels, cluster: Option<&Labels>) {
        let known = |row: usize| truth.rows[row].is_some() && cluster.is_none_or(|cluster| cluster.rows[row].is_some());
        let keep: Vec<bool> = (0..truth.rows.len()).map(known).collect();
        self.excluded = keep.iter().filter(|keep| !**keep).count();
        if self.excluded > 0 {
            self.retain(&keep);
        }
    }

    /// Drops the subjects for whom `keep` does not hold.
    fn retain(&mut self, keep: &[bool]) {
        filter(&mut self.is_case, keep);
        self.cluster.iter_mut().for_each(|cluster| filter(cluster, keep));
        self.groups.iter_mut().for_each(|groups| filter(&mut groups.rows, keep));
        for score in &mut self.scores {
            filter(&mut score.values, keep);
            score.missing = score.values.iter().filter(|value| value.is_nan()).count();
        }
    }
}

impl Score {
    /// A number among `values` as the table has it.
    pub(super) fn in_table_units(&self, value: f64) -> f64 {
        if self.lower_is_positive { -value } else { value }
    }
}

fn filter<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().is_some_and(|keep| *keep));
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(if path == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(File::open(path)?) })
}

/// What is made into a study.
struct Draft<'a> {
    header: &'a Header,
    choice: &'a Choice,
    arguments: &'a Arguments,
}

impl Draft<'_> {
    fn study(&self, columns: Vec<Column>) -> Result<Study, Fault> {
        let mut columns = columns.into_iter();
        let truth = labels(columns.next());
        let by = self.choice.by.map(|_| labels(columns.next()));
        let cluster = self.choice.cluster.map(|_| labels(columns.next()));
        let column = &self.header.names()[self.choice.truth];
        let is_positive = positive(&truth, column, &self.arguments.positive)?;
        let (scores, left_out) = self.scores(columns)?;
        let mut study = Study {
            is_case: truth.rows.iter().map(|row| row.is_some_and(|level| is_positive[level as usize])).collect(),
            cluster: cluster.as_ref().map(|labels| labels.rows.iter().map(|row| row.unwrap_or_default()).collect()),
            groups: by,
            positive: described(column, &truth, &is_positive),
            notes: self.notes(&scores, &left_out),
            scores,
            excluded: 0,
            level: None,
        };
        study.exclude(&truth, cluster.as_ref());
        Ok(study)
    }

    /// The scores, and the names of the columns that were not numbers after all.
    fn scores(&self, columns: impl Iterator<Item = Column>) -> Result<(Vec<Score>, Vec<String>), Fault> {
        let (mut scores, mut left_out) = (vec![], vec![]);
        for (&(at, _), column) in self.choice.scores.iter().zip(columns) {
            let name = self.header.names()[at].clone();
            match column {
                Column::Numbers(numbers) => scores.push(self.score(name, numbers)),
                Column::Text | Column::Labels(_) => left_out.push(name),
            }
        }
        if scores.is_empty() {
            return Err(Fault::of_table("no column of numbers is left to be a score", "say --scores COLUMN,…"));
        }
        let known = |name: &&String| scores.iter().any(|score| score.name == **name);
        match self.arguments.lower_is_positive.iter().flatten().find(|name| !known(name)) {
            Some(unknown) => {
                Err(Fault::of_table(format!("`{unknown}` is not among the scores"), "--lower-is-positive names scores"))
            }
            None => Ok((scores, left_out)),
        }
    }

    fn score(&self, name: String, numbers: Numbers) -> Score {
        let lower = self.arguments.lower_is_positive.as_ref();
        let lower_is_positive = lower.is_some_and(|names| names.is_empty() || names.contains(&name));
        let mut values = numbers.rows;
        if lower_is_positive {
            values.iter_mut().for_each(|value| *value = -*value);
        }
        Score { name, lower_is_positive, values, missing: numbers.missing }
    }

    fn notes(&self, scores: &[Score], left_out: &[String]) -> Vec<String> {
        let mut notes = vec![];
        if self.arguments.truth.is_none() {
            notes.push(format!("the truth is column `{}` (--truth names another)", self.header.names()[self.choice.truth]));
        }
        if self.arguments.scores.is_empty() {
            let names: Vec<&str> = scores.iter().map(|score| score.name.as_str()).collect();
            let text = if left_out.is_empty() { String::new() } else { format!("; no numbers: {}", left_out.join(", ")) };
            notes.push(format!("scores are every other column of numbers: {}{text} (--scores names others)", names.join(", ")));
        }
        notes
    }
}

impl Choice {
    fn wanted(&self) -> Vec<(usize, Kind)> {
        let labels = [Some(self.truth), self.by, self.cluster].into_iter().flatten().map(|at| (at, Kind::Labels));
        labels.chain(self.scores.iter().copied()).collect()
    }
}

fn labels(column: Option<Column>) -> Labels {
    match column {
        Some(Column::Labels(labels)) => labels,
        _ => unreachable!("BUG: the column was asked for as labels"),
    }
}

/// `label = left, right`.
fn described(column: &str, truth: &Labels, is_positive: &[bool]) -> String {
    let levels = truth.levels.iter().zip(is_positive).filter(|(_, positive)| **positive).map(|(level, _)| level.as_str());
    format!("{column} = {}", levels.collect::<Vec<_>>().join(", "))
}
