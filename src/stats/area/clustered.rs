//! Variance of areas when units come in clusters, the slices of patients for instance (Obuchowski 1997, Biometrics 53:567).
//!
//! Cluster i of I has mᵢ affected and nᵢ unaffected units, M and N in all; I₁₀ clusters have an affected unit, I₀₁ an unaffected
//! one. With Xᵢ = Σ V₁₀ - mᵢθ over its affected units and Yᵢ = Σ V₀₁ - nᵢθ over the others,
//!
//! ```text
//! cov(θ_r, θ_s) = I₁₀/(I₁₀-1) Σ Xʳ Xˢ/M² + I₀₁/(I₀₁-1) Σ Yʳ Yˢ/N² + I/(I-1) Σ (Xʳ Yˢ + Xˢ Yʳ)/(MN)
//! ```
//!
//! One unit a cluster gives DeLong's covariance. Xᵢ and Yᵢ come from integers, so that what is 0 is exactly 0.

use crate::stats::{Clusters, InvalidClusters, Placements, Reference, Undefined, delong};

/// What each cluster adds to the deviation of one area, or of one difference of areas, from its mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustered {
    /// Xᵢ/M and Yᵢ/N of the clusters.
    deviations: Vec<(f64, f64)>,
    with_case: usize,
    with_control: usize,
}

impl Clustered {
    /// The clusters of one curve.
    ///
    /// # Errors
    /// When the clusters are not those of as many subjects.
    pub fn of(curve: &Placements, clusters: &Clusters) -> Result<Self, InvalidClusters> {
        Self::of_doubled(curve.reference(), curve.doubled(), clusters)
    }

    /// The clusters of doubled placements, or differences of them, in subject order.
    pub(in crate::stats) fn of_doubled(
        reference: &Reference,
        doubled: &[i32],
        clusters: &Clusters,
    ) -> Result<Self, InvalidClusters> {
        clusters.check(reference.subjects())?;
        let of_class = |case| Sums::of(reference, case, doubled, clusters);
        let (cases, controls) = (of_class(true), of_class(false));
        let other_units = [reference.controls(), reference.cases()];
        let deviations = cases.deviations(other_units[0]).zip(controls.deviations(other_units[1])).collect();
        Ok(Self { deviations, with_case: cases.clusters(), with_control: controls.clusters() })
    }

    /// Estimated variance of the area.
    ///
    /// # Errors
    /// [`Undefined::OneCluster`] when all cases, or all controls, are in one cluster.
    pub fn variance(&self) -> Result<f64, Undefined> {
        self.covariance(self)
    }

    /// Estimated covariance with the area of `other`, over the same clusters.
    ///
    /// # Errors
    /// As [`Clustered::variance`].
    pub fn covariance(&self, other: &Self) -> Result<f64, Undefined> {
        if self.with_case < 2 || self.with_control < 2 {
            return Err(Undefined::OneCluster);
        }
        let inflation = |clusters: usize| clusters as f64 / (clusters - 1) as f64;
        let pairs = || self.deviations.iter().zip(&other.deviations);
        let cases: f64 = pairs().map(|(r, s)| r.0 * s.0).sum();
        let controls: f64 = pairs().map(|(r, s)| r.1 * s.1).sum();
        let crossed: f64 = pairs().map(|(r, s)| r.0 * s.1 + s.0 * r.1).sum();
        Ok(inflation(self.with_case) * cases
            + inflation(self.with_control) * controls
            + inflation(self.deviations.len()) * crossed)
    }

    /// Xᵢ/M and Yᵢ/N of the clusters.
    pub(super) fn deviations(&self) -> &[(f64, f64)] {
        &self.deviations
    }
}

/// Units and doubled placements of one class in each cluster.
struct Sums {
    of_cluster: Vec<(i128, i128)>,
    units: i128,
    total: i128,
}

impl Sums {
    fn of(reference: &Reference, case: bool, doubled: &[i32], clusters: &Clusters) -> Self {
        let mut of_cluster = vec![(0, 0); clusters.count()];
        let placed = reference.of_class(case, clusters.of_subjects()).zip(reference.of_class(case, doubled));
        for (cluster, doubled) in placed {
            let (units, sum) = &mut of_cluster[cluster as usize];
            *units += 1;
            *sum += i128::from(doubled);
        }
        let [units, total] = [of_cluster.iter().map(|sums| sums.0).sum(), of_cluster.iter().map(|sums| sums.1).sum()];
        Self { of_cluster, units, total }
    }

    fn clusters(&self) -> usize {
        self.of_cluster.iter().filter(|(units, _)| *units > 0).count()
    }

    /// (Σ V - units θ)/M with V = doubled/(2 `others`): the numerator M Σ doubled - units Σ all is an integer.
    fn deviations(&self, others: usize) -> impl Iterator<Item = f64> {
        let scale = 2.0 * others as f64 * (self.units as f64).powi(2);
        self.of_cluster.iter().map(move |(units, sum)| (self.units * sum - units * self.total) as f64 / scale)
    }
}

/// How the clusters inflate the variance: clustered over DeLong's.
///
/// # Errors
/// When either variance is undefined, or DeLong's is 0.
pub fn design_effect(curve: &Placements, clustered: &Clustered) -> Result<f64, Undefined> {
    match delong::variance(curve)? {
        0.0 => Err(Undefined::NoInformation),
        naive => Ok(clustered.variance()? / naive),
    }
}

/// How many independent units the clustered ones are worth: units over [`design_effect`].
///
/// # Errors
/// As [`design_effect`], and [`Undefined::NoInformation`] where the clustered variance is 0.
pub fn effective_units(curve: &Placements, clustered: &Clustered) -> Result<f64, Undefined> {
    match design_effect(curve, clustered)? {
        0.0 => Err(Undefined::NoInformation),
        effect => Ok(curve.reference().subjects() as f64 / effect),
    }
}
