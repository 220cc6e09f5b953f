//! How much each unit moves an area: the empirical influence values, whose squares sum up to about the variance and whose cubes tell
//! how skewed the estimate is.

use super::{Clustered, delong};
use crate::stats::{Pair, Placements, Reference};

impl Placements {
    /// (V₁₀ - θ)/m of each case and (V₀₁ - θ)/n of each control, in subject order.
    pub fn influences(&self) -> Vec<f64> {
        influences(self.reference(), self.doubled())
    }
}

impl Pair<'_> {
    /// The influences of the first area less those of the second, in subject order.
    pub fn influences(&self) -> Vec<f64> {
        influences(self.curves().0.reference(), self.differences())
    }
}

impl Clustered {
    /// Xᵢ/M + Yᵢ/N of each cluster, in the order of their numbers.
    pub fn influences(&self) -> Vec<f64> {
        self.deviations().iter().map(|(case, control)| case + control).collect()
    }
}

fn influences(reference: &Reference, doubled: &[i32]) -> Vec<f64> {
    let mean = delong::mean(reference, doubled);
    let (cases, controls) = (reference.cases() as f64, reference.controls() as f64);
    let influence = |(&doubled, &case): (&i32, &bool)| {
        let (own, other) = if case { (cases, controls) } else { (controls, cases) };
        (f64::from(doubled) / (2.0 * other) - mean) / own
    };
    doubled.iter().zip(reference.classes()).map(influence).collect()
}
