//! Which subjects a statistic stands on, and their scores in order. A curve is sorted once: every comparison of curves that miss
//! nothing shares these sorts, and only a pair with a missing score is cut to the subjects that have both and sorted anew.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::study::{Score, Study};
use crate::stats::{Clustered, Clusters, Placements, Reference, Scores};

/// The subjects that have all of some scores.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// `None` where that is everyone.
    rows: Option<Vec<usize>>,
    reference: Arc<Reference>,
    clusters: Option<Arc<Clusters>>,
}

impl Sample {
    /// The subjects of `study` that have every one of `scores`.
    fn complete(study: &Study, scores: &[&Score]) -> Result<Self, String> {
        let has_all = |&row: &usize| scores.iter().all(|score| !score.values[row].is_nan());
        let missing = scores.iter().any(|score| score.missing > 0);
        let rows: Option<Vec<usize>> = missing.then(|| (0..study.is_case.len()).filter(has_all).collect());
        let is_case = select(rows.as_deref(), &study.is_case).into_owned();
        let reference = Reference::new(is_case).map_err(|error| error.to_string())?;
        let clusters = study.cluster.as_ref().map(|labels| Arc::new(Clusters::new(&select(rows.as_deref(), labels))));
        Ok(Self { rows, reference: Arc::new(reference), clusters })
    }

    fn rank(&self, score: &Score) -> Result<Ranking, String> {
        let scores =
            Scores::new(&self.reference, &select(self.rows.as_deref(), &score.values)).map_err(|error| error.to_string())?;
        Ok(Ranking { clusters: self.clusters.clone(), placements: Placements::of(&scores), scores })
    }
}

fn select<'v, T: Copy>(rows: Option<&[usize]>, values: &'v [T]) -> Cow<'v, [T]> {
    match rows {
        None => Cow::Borrowed(values),
        Some(rows) => Cow::Owned(rows.iter().map(|&row| values[row]).collect()),
    }
}

/// One score, sorted.
#[derive(Debug, Clone)]
pub(super) struct Ranking {
    /// Which subjects belong together, where that was asked for.
    pub(super) clusters: Option<Arc<Clusters>>,
    pub(super) scores: Scores,
    pub(super) placements: Placements,
}

impl Ranking {
    /// What each subject, or each cluster, adds to the area.
    pub(super) fn influences(&self) -> Result<Vec<f64>, String> {
        match &self.clusters {
            None => Ok(self.placements.influences()),
            Some(clusters) => Ok(Clustered::of(&self.placements, clusters).map_err(|error| error.to_string())?.influences()),
        }
    }
}

/// All scores of a study, each on the subjects that have it; or the reason why there is no curve.
#[derive(Debug)]
pub(super) struct Rankings<'a> {
    study: &'a Study,
    curves: Vec<Result<Ranking, String>>,
}

impl<'a> Rankings<'a> {
    /// Sorts every score of `study`, on as many threads as there are.
    pub(super) fn of(study: &'a Study) -> Self {
        let everyone = Sample::complete(study, &[]);
        let rank = |score: &Score| match score.missing {
            0 => everyone.clone()?.rank(score),
            _ => Sample::complete(study, &[score])?.rank(score),
        };
        Self { study, curves: study.scores.par_iter().map(rank).collect() }
    }

    pub(super) fn study(&self) -> &'a Study {
        self.study
    }

    /// Each score with its curve, in the order of the study.
    pub(super) fn curves(&self) -> impl Iterator<Item = (&'a Score, &Result<Ranking, String>)> {
        self.study.scores.iter().zip(&self.curves)
    }

    /// Curves on the subjects that have all of these scores.
    fn together(&self, at: &[usize]) -> Result<Vec<Cow<'_, Ranking>>, String> {
        let scores: Vec<&Score> = at.iter().map(|&at| &self.study.scores[at]).collect();
        if scores.iter().all(|score| score.missing == 0) {
            return at.iter().map(|&at| self.curve(at).map(Cow::Borrowed)).collect();
        }
        let sample = Sample::complete(self.study, &scores)?;
        scores.iter().map(|score| sample.rank(score).map(Cow::Owned)).collect()
    }

    /// Two curves on the subjects that have both scores.
    pub(super) fn pair(&self, a: usize, b: usize) -> Result<Vec<Cow<'_, Ranking>>, String> {
        self.together(&[a, b])
    }

    /// All curves on the subjects that have every score.
    pub(super) fn all(&self) -> Result<Vec<Cow<'_, Ranking>>, String> {
        self.together(&(0..self.curves.len()).collect::<Vec<_>>())
    }

    /// Two curves, each on all subjects that have it.
    pub(super) fn apart(&self, a: usize, b: usize) -> Result<[&Ranking; 2], String> {
        Ok([self.curve(a)?, self.curve(b)?])
    }

    /// The curve of the score at this position.
    pub(super) fn curve(&self, at: usize) -> Result<&Ranking, String> {
        self.curves[at].as_ref().map_err(Clone::clone)
    }
}
