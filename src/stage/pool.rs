//! Kind `pool`: the predictions of the folds as those of one model. Runs in the tool.
//!
//! Inputs: a fold's predictions for the exams that it tests (or tunes on). Output `predictions`: all of them, by exam and slice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, Predictions};

/// The kind. Inputs `folds/<number>`; no parameters.
pub const KIND: Kind = Kind {
    name: "pool",
    version: 1,
    outputs: &["predictions"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 0.1,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.inputs_below("folds"), &task.job.port("predictions")?)
}

/// Writes all predictions into `out`.
///
/// # Errors
/// When there is no fold, two folds know other classes or judged one exam, or a file cannot be read or written.
pub fn run(folds: &BTreeMap<String, Files>, out: &Path) -> Result<()> {
    let folds = folds.values().map(Predictions::open).collect::<Result<Vec<_>>>()?;
    let classes = folds.first().context("no fold has predictions")?.classes.clone();
    let mut judged = BTreeSet::new();
    for fold in &folds {
        ensure!(fold.classes == classes, "folds know other classes: {:?} and {classes:?}", fold.classes);
        let exams: BTreeSet<&String> = fold.rows.iter().map(|row| &row.exam).collect();
        let twice = exams.iter().find(|exam| !judged.insert((**exam).clone()));
        ensure!(twice.is_none(), "exam {} is in two folds", twice.map_or("", |exam| exam.as_str()));
    }
    let mut rows: Vec<_> = folds.into_iter().flat_map(|fold| fold.rows).collect();
    rows.sort_by(|a, b| (&a.exam, a.slice).cmp(&(&b.exam, b.slice)));
    Predictions { classes, rows }.write(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Prediction;

    fn fold(exams: &[&str]) -> Result<(tempfile::TempDir, Files)> {
        let row =
            |exam: &&str| Prediction { exam: (*exam).into(), slice: 0, class: "none".into(), probabilities: vec![0.5, 0.5] };
        let folder = tempfile::tempdir()?;
        let classes = vec!["none".into(), "left".into()];
        Predictions { classes, rows: exams.iter().map(row).collect() }.write(folder.path())?;
        let files = Files::of_folder(folder.path())?;
        Ok((folder, files))
    }

    #[test]
    fn every_exam_is_there_once() -> Result<()> {
        let ((_a, first), (_b, second), out) = (fold(&["b", "d"])?, fold(&["a", "c"])?, tempfile::tempdir()?);
        run(&BTreeMap::from([("1".into(), first.clone()), ("2".into(), second)]), out.path())?;
        let pooled = Predictions::open(&Files::of_folder(out.path())?)?;
        assert_eq!(pooled.rows.iter().map(|row| row.exam.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        let twice = run(&BTreeMap::from([("1".into(), first.clone()), ("2".into(), first)]), out.path());
        assert_eq!(twice.expect_err("b twice").to_string(), "exam b is in two folds");
        Ok(())
    }
}
