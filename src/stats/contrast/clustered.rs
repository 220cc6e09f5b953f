//! Two classifiers on the same units when the units come in clusters (Obuchowski 1997, Biometrics 53:567).

use super::{Pair, PairedTest};
use crate::stats::{Clustered, Clusters, InvalidClusters, Undefined};

impl Pair<'_> {
    /// The clusters of the difference: [`Clustered::variance`] is var₁ + var₂ - 2 cov without cancellation.
    ///
    /// # Errors
    /// When the clusters are not those of as many subjects.
    pub fn clustered(&self, clusters: &Clusters) -> Result<Clustered, InvalidClusters> {
        Clustered::of_doubled(self.curves().0.reference(), self.differences(), clusters)
    }

    /// Test of equal areas with the variance of `clustered`, which [`Pair::clustered`] made.
    ///
    /// # Errors
    /// [`Undefined`] with cases, or controls, in one cluster only, and where the variance is 0 but the difference is not.
    pub fn test_clustered(&self, clustered: &Clustered) -> Result<PairedTest, Undefined> {
        PairedTest::of(self.difference(), clustered.variance()?)
    }
}
