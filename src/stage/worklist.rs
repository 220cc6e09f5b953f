//! Kind `worklist`: what a trained model says of new exams, most suspicious first. Runs in the tool.
//!
//! Input `predictions`. Output `worklist`: `worklist.csv`, a row an exam, and `worklist.json`, the same with the slices.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::compare::{Aggregate, mean_probabilities, most_probable};
use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, Prediction, Predictions};

/// The kind. Input `predictions`.
pub const KIND: Kind = Kind {
    name: "worklist",
    version: 1,
    outputs: &["worklist"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 0.1,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, task.input("predictions")?, &task.job.port("worklist")?)
}

/// Everything that decides the list beside the predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The model's name.
    pub model: String,
    /// Class names in the order of the network's outputs.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// The rule that makes one score of an exam's slices.
    pub aggregate: Aggregate,
    /// Scores from here on call an exam positive; `None` where the study chose none.
    pub threshold: Option<f64>,
}

/// One exam of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the list, from 1, the most suspicious.
    pub rank: usize,
    /// The exam.
    pub exam: String,
    /// Its score, in [0, 1]; higher is more suspicious.
    pub score: f64,
    /// Whether the score reaches the threshold; `None` without one.
    pub positive: Option<bool>,
    /// The most probable class.
    pub class: String,
    /// The most suspicious slice, from 1, the lowest.
    pub slice: usize,
    /// Slices that were looked at.
    pub slices: usize,
    /// The score of each slice, from the lowest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub slice_scores: Vec<f64>,
}

/// The whole list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worklist {
    /// How it was made.
    pub rule: Params,
    /// The exams, most suspicious first; of equals in the order of their names.
    pub exams: Vec<Entry>,
}

const JSON: &str = "worklist.json";

impl Worklist {
    /// Reads `worklist.json`.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(JSON)?;
        let place = || format!("cannot read {}", path.display());
        serde_json::from_slice(&std::fs::read(path).with_context(place)?).with_context(place)
    }

    /// Writes `worklist.csv` and `worklist.json` into `out`.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn write(&self, out: &Path) -> Result<()> {
        let path = out.join("worklist.csv");
        let place = || format!("cannot write {}", path.display());
        let mut table = csv::Writer::from_path(&path).with_context(place)?;
        for exam in &self.exams {
            table.serialize(Entry { slice_scores: vec![], ..exam.clone() }).with_context(place)?;
        }
        table.flush().with_context(place)?;
        let path = out.join(JSON);
        let text = serde_json::to_string_pretty(self).context("BUG: a list is plain data")?;
        std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Writes the list into `out`.
///
/// # Errors
/// When the model knows other classes, a probability is none, or a file cannot be read or written.
pub fn run(params: &Params, predictions: &Files, out: &Path) -> Result<()> {
    list(params, &Predictions::open(predictions)?)?.write(out)
}

fn list(params: &Params, predictions: &Predictions) -> Result<Worklist> {
    ensure!(
        predictions.classes == params.classes,
        "the model names the classes {}, its file {}",
        predictions.classes.join(", "),
        params.classes.join(", ")
    );
    let mut exams: BTreeMap<&str, Vec<&Prediction>> = BTreeMap::new();
    predictions.rows.iter().for_each(|row| exams.entry(&row.exam).or_default().push(row));
    let mut entries = exams.into_iter().map(|(exam, rows)| entry(params, exam, rows)).collect::<Result<Vec<_>>>()?;
    entries.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.exam.cmp(&b.exam)));
    entries.iter_mut().zip(1..).for_each(|(entry, rank)| entry.rank = rank);
    Ok(Worklist { rule: params.clone(), exams: entries })
}

fn entry(params: &Params, exam: &str, mut rows: Vec<&Prediction>) -> Result<Entry> {
    rows.sort_by_key(|row| row.slice);
    for row in &rows {
        let sound =
            row.probabilities.len() == params.classes.len() && row.probabilities.iter().all(|p| (0.0..=1.0).contains(p));
        ensure!(
            sound,
            "exam {exam}, slice {}: {:?} are no probabilities of {} classes",
            row.slice,
            row.probabilities,
            params.classes.len()
        );
    }
    let is_positive: Vec<bool> = params.classes.iter().map(|class| params.positive.contains(class)).collect();
    let score =
        |row: &&Prediction| row.probabilities.iter().zip(&is_positive).filter(|(_, is)| **is).map(|(p, _)| p).sum::<f64>();
    let slice_scores: Vec<f64> = rows.iter().map(score).collect();
    let worst =
        (0..rows.len()).reduce(|worst, at| if slice_scores[at] > slice_scores[worst] { at } else { worst }).unwrap_or(0);
    let score = params.aggregate.score(&slice_scores);
    let probabilities: Vec<&[f64]> = rows.iter().map(|row| row.probabilities.as_slice()).collect();
    Ok(Entry {
        rank: 0,
        exam: exam.to_owned(),
        score,
        positive: params.threshold.map(|threshold| score >= threshold),
        class: params.classes[most_probable(&mean_probabilities(&probabilities), |_| true)].clone(),
        slice: rows[worst].slice + 1,
        slices: rows.len(),
        slice_scores,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_suspicious_exam_comes_first_with_its_worst_slice() -> Result<()> {
        let row = |exam: &str, slice, left| Prediction {
            exam: exam.into(),
            slice,
            class: "none".into(),
            probabilities: vec![1.0 - left, left],
        };
        let classes = vec!["none".to_owned(), "left".to_owned()];
        let params = Params {
            model: "m".into(),
            classes: classes.clone(),
            positive: vec!["left".into()],
            aggregate: Aggregate::Mean,
            threshold: Some(0.5),
        };
        let rows = vec![row("a", 1, 0.5), row("a", 0, 0.125), row("b", 0, 0.25), row("b", 1, 0.75), row("c", 0, 0.5)];
        let list = list(&params, &Predictions { classes, rows })?;
        let told: Vec<_> = list
            .exams
            .iter()
            .map(|entry| (entry.rank, entry.exam.as_str(), entry.score, entry.positive, entry.slice))
            .collect();
        assert_eq!(told, [(1, "b", 0.5, Some(true), 2), (2, "c", 0.5, Some(true), 1), (3, "a", 0.3125, Some(false), 2)]);
        Ok(())
    }
}
