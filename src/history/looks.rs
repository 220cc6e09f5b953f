//! Looks at the test exams: every prediction of them that a run made. Who looks often chooses by what is seen, and the test exams become
//! tuning exams (Dwork et al., Science 2015; 349: 636). The journals know every look, so none has to be confessed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Runs;
use crate::execute::Event;
use crate::stage::predict;

/// Name of the table.
pub const LOOKS: &str = "looks.csv";

/// One prediction of the test exams by one model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// The run, whose name begins with its start (UTC).
    pub run: String,
    /// The step, which names the model, and the fold, the cohort or the change of the images where there is one.
    pub step: String,
    /// Its key: the same model on the same images again is the same look.
    pub action: String,
}

/// The looks of an experiment, the oldest first; a look that was repeated counts once.
///
/// # Errors
/// When a journal cannot be read.
pub fn looks(runs: &Runs, experiment: &str) -> Result<Vec<Look>> {
    let (mut looks, mut seen) = (vec![], BTreeSet::new());
    for run in runs.list()?.into_iter().filter(|run| run.header().experiment == experiment) {
        for line in run.events().read_about(&format!("\"{}[", predict::KIND.name))? {
            let Event::Finished { step, action, .. } = line.event else { continue };
            if is_look(&step) && seen.insert(action) {
                looks.push(Look { run: run.id().to_owned(), step, action: action.hex() });
            }
        }
    }
    Ok(looks)
}

/// Tuning exams are there to be looked at.
fn is_look(step: &str) -> bool {
    let of = step.strip_prefix(predict::KIND.name).and_then(|rest| rest.strip_prefix('['));
    of.is_some_and(|model| !model.starts_with("tuning/"))
}

/// A row a look.
///
/// # Errors
/// When a row cannot be written, which is a fault of `bgh`.
pub fn table(looks: &[Look]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(["run", "step", "action"])?;
    looks.iter().try_for_each(|look| writer.write_record([&look.run, &look.step, &look.action]))?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// How often each step looked, those that did so more than once.
pub fn repeated(looks: &[Look]) -> BTreeMap<&str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    looks.iter().for_each(|look| *counts.entry(&look.step).or_default() += 1);
    counts.retain(|_, count| *count > 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_of_test_exams_are_looks_and_those_of_tuning_exams_are_not() {
        for (step, expected) in [("predict[a]", true), ("predict[offset5/a]", true), ("predict[external/x/a]", true)] {
            assert_eq!(is_look(step), expected, "{step}");
        }
        assert!(!is_look("predict[tuning/a]") && !is_look("train[a]") && !is_look("predictor[a]"));
        let look = |run: &str, step: &str| Look { run: run.into(), step: step.into(), action: String::new() };
        let looks = [look("1", "predict[a]"), look("2", "predict[a]"), look("2", "predict[b]")];
        assert_eq!(repeated(&looks), [("predict[a]", 2)].into());
        assert_eq!(table(&looks[..1]).expect("a table"), "run,step,action\n1,predict[a],\n");
    }
}
