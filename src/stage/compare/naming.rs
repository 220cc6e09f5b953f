//! Which class is named, and for classes that carry a side, whether the side is right.

use anyhow::{Context, Result};

use super::rater::Rater;
use super::{Params, rate};
use crate::artifact::results::{Estimate, Mistake, Naming, Rate};
use crate::stats::Level;
use crate::stats::decision::Confusion;
use crate::stats::proportion::Proportion;

/// What the rater names, if it names classes at all.
pub(super) fn naming(params: &Params, rater: &Rater, level: Level) -> Result<Option<Naming>> {
    let Some(named) = &rater.named else { return Ok(None) };
    let truth = truth(params)?;
    let confusion = Confusion::count(params.classes.len(), truth.iter().copied().zip(named.iter().copied()))?;
    let rightly_named = |(class, all): (usize, usize)| {
        let right = confusion.get(class, class);
        rate(Proportion::new(right, all - right), level)
    };
    let row = |class: usize| (0..params.classes.len()).map(|named| confusion.get(class, named)).collect();
    Ok(Some(Naming {
        confusion: (0..params.classes.len()).map(row).collect(),
        rightly_named: confusion.truths().into_iter().enumerate().map(rightly_named).collect(),
        accuracy: rate(confusion.accuracy(), level),
        side: (params.positive.len() > 1).then(|| side(params, rater, &truth, level)),
    }))
}

/// Exams whose class is named wrongly, or that lie on the wrong side of the threshold.
pub(super) fn mistakes(params: &Params, rater: &Rater) -> Vec<Mistake> {
    let called = rater.called();
    let mistake = |(at, exam): (usize, &super::Exam)| {
        let named = rater.named.as_ref().map(|named| params.classes[named[at]].clone());
        let called = called.as_ref().map(|called| called[at]);
        let is_right = named.as_ref().is_none_or(|named| *named == exam.class)
            && called.is_none_or(|called| called == params.is_positive(exam));
        let (class, score) = (exam.class.clone(), rater.values[at]);
        (!is_right).then(|| Mistake { exam: exam.id.clone(), class, score, named, called })
    };
    params.exams.iter().enumerate().filter_map(mistake).collect()
}

/// The reference standard as indices into the classes.
pub(super) fn truth(params: &Params) -> Result<Vec<usize>> {
    let class = |exam: &super::Exam| {
        let found = params.classes.iter().position(|class| *class == exam.class);
        found.with_context(|| format!("exam `{}` is `{}`, which is no class", exam.id, exam.class))
    };
    params.exams.iter().map(class).collect()
}

/// An exam that is missed has no side, so the side is judged where a finding was seen.
fn side(params: &Params, rater: &Rater, truth: &[usize], level: Level) -> Estimate<Rate> {
    let (Some(called), Some(side)) = (rater.called(), &rater.side) else {
        return Estimate::Undefined("without a threshold it is not known which exams were called positive".to_owned());
    };
    let detected = (0..truth.len()).filter(|&exam| called[exam] && params.is_positive(&params.exams[exam]));
    let (right, wrong): (Vec<usize>, Vec<usize>) = detected.partition(|&exam| side[exam] == truth[exam]);
    rate(Proportion::new(right.len(), wrong.len()), level)
}
