//! What is drawn with replacement, and how often each subject was.

use std::sync::Arc;

use rand::{Rng, RngExt};

use crate::stats::{Clusters, InvalidClusters, Reference};

/// The units that are drawn with replacement, as many of each stratum as there are.
#[derive(Debug, Clone)]
pub struct Sampling {
    reference: Arc<Reference>,
    /// Groups of units that keep their number.
    strata: Vec<Vec<Unit>>,
}

/// Subjects that are drawn together.
type Unit = Vec<u32>;

impl Sampling {
    /// Subjects, cases and controls apart: the numbers of both are a property of the design.
    pub fn stratified(reference: &Arc<Reference>) -> Self {
        let of_class = |case: bool| {
            let subjects = (0u32..).zip(reference.classes()).filter(|&(_, &is_case)| is_case == case);
            subjects.map(|(subject, _)| vec![subject]).collect()
        };
        Self { reference: Arc::clone(reference), strata: vec![of_class(true), of_class(false)] }
    }

    /// Clusters, patients for instance, with all their subjects (Rutter 2000, Acad Radiol 7:413).
    ///
    /// # Errors
    /// When the clusters are not those of the subjects of `reference`.
    pub fn clustered(reference: &Arc<Reference>, clusters: &Clusters) -> Result<Self, InvalidClusters> {
        clusters.check(reference.subjects())?;
        let mut units = vec![vec![]; clusters.count()];
        (0u32..).zip(clusters.of_subjects()).for_each(|(subject, &cluster)| units[cluster as usize].push(subject));
        Ok(Self { reference: Arc::clone(reference), strata: vec![units] })
    }

    /// The reference standard of the subjects.
    pub fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// Draws once: how often each subject was drawn.
    pub(super) fn draw(&self, rng: &mut impl Rng, times: &mut [u32]) {
        times.fill(0);
        for stratum in &self.strata {
            for _ in 0..stratum.len() {
                let unit = &stratum[rng.random_range(0..stratum.len())];
                unit.iter().for_each(|&subject| times[subject as usize] += 1);
            }
        }
    }
}
