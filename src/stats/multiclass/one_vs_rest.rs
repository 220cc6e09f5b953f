//! Each class against all others together.

use super::{ClassScores, joint_covariance};
use crate::stats::{Placements, Undefined, auc};

/// One curve a class.
#[derive(Debug, Clone, PartialEq)]
pub struct OneVsRest {
    curves: Vec<Placements>,
    micro: f64,
}

impl OneVsRest {
    /// Draws the curves.
    pub fn of(scores: &ClassScores) -> Self {
        let curves = (0..scores.classes()).map(|class| scores.curve(class, |_| true)).collect();
        Self { curves, micro: auc(&scores.pooled()) }
    }

    /// The curve of each class, for [`crate::stats::delong::variance`] and all else that is made of placements.
    pub fn curves(&self) -> &[Placements] {
        &self.curves
    }

    /// The area of each class.
    pub fn areas(&self) -> Vec<f64> {
        self.curves.iter().map(auc).collect()
    }

    /// Mean area: every class counts alike.
    pub fn macro_average(&self) -> f64 {
        self.areas().iter().sum::<f64>() / self.curves.len() as f64
    }

    /// Mean area, each class weighted by its number of subjects (Provost & Domingos 2000).
    pub fn weighted_average(&self) -> f64 {
        let subjects = self.curves[0].reference().subjects() as f64;
        let weight = |curve: &Placements| curve.reference().cases() as f64 / subjects;
        self.curves.iter().map(|curve| weight(curve) * auc(curve)).sum()
    }

    /// The area of the one curve of all scores together: every score of every subject counts alike, so scores have to be
    /// comparable between classes.
    pub fn micro_average(&self) -> f64 {
        self.micro
    }

    /// Joint covariance of the classes' areas, by class and class; the diagonal is DeLong's variance.
    ///
    /// # Errors
    /// [`Undefined`] where a class, or the rest of one, has a single subject.
    pub fn covariance(&self) -> Result<Vec<Vec<f64>>, Undefined> {
        joint_covariance(&self.curves)
    }

    /// Variance of the macro average, the mean of all entries of the joint covariance.
    ///
    /// # Errors
    /// As [`OneVsRest::covariance`].
    pub fn macro_variance(&self) -> Result<f64, Undefined> {
        let classes = self.curves.len() as f64;
        Ok(self.covariance()?.iter().flatten().sum::<f64>() / (classes * classes))
    }
}
