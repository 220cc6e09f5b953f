//! How large hemorrhages are.

use rand::Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use super::draw;

/// Diameters of a hemorrhage, cm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// From side to side.
    pub transverse: f64,
    /// From front to back.
    pub anteroposterior: f64,
    /// From top to bottom.
    pub height: f64,
}

/// Largest diameters of the paper's test set, cm.
const LARGEST: [f64; 2] = [7.1, 11.2];
/// Shapes that give its means and standard deviations: 2.8 ± 1.9 and 3.6 ± 2.7 cm within 0.5..7.1 and 0.7..11.2.
const SHAPES: [(f64, f64); 2] = [(0.605, 1.132), (0.558, 1.464)];
/// Correlation of the two under a Gaussian copula.
const RHO: f64 = 0.9;

impl Size {
    /// A hemorrhage whose transverse diameter is at least `smallest` cm.
    pub(super) fn draw(rng: &mut impl Rng, smallest: f64) -> Self {
        let (z, other) = (draw::normal(rng, 0.0, 1.0), draw::normal(rng, 0.0, 1.0));
        let along = RHO * z + (1.0 - RHO * RHO).sqrt() * other;
        let transverse = quantile(0, z, smallest);
        let anteroposterior = quantile(1, along, smallest + 0.2);
        let height = draw::uniform(rng, 0.7, 1.1) * (transverse * anteroposterior).sqrt();
        Self { transverse, anteroposterior, height }
    }

    /// Volume of the ellipsoid, mL: π/6 of the product of the diameters.
    pub fn volume(&self) -> f64 {
        std::f64::consts::PI / 6.0 * self.transverse * self.anteroposterior * self.height
    }

    /// The larger diameter in the axial plane, cm.
    pub fn largest(&self) -> f64 {
        self.transverse.max(self.anteroposterior)
    }
}

/// The diameter of axis `axis` whose rank is that of the normal deviate `z`.
fn quantile(axis: usize, z: f64, smallest: f64) -> f64 {
    let (a, b) = SHAPES[axis];
    let beta = Beta::new(a, b).expect("BUG: shapes are positive");
    smallest + (LARGEST[axis] - smallest).max(0.0) * beta.inverse_cdf(Normal::standard().cdf(z))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    fn moments(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
    }

    /// The paper's test set: transverse 2.8 ± 1.9 cm, anteroposterior 3.6 ± 2.7 cm, about a fifth no larger than 1.2 cm.
    #[test]
    fn sizes_have_the_moments_of_the_paper() {
        let mut rng = Seed::root(5).rng();
        let sizes: Vec<Size> = (0..20_000).map(|_| Size::draw(&mut rng, 0.5)).collect();
        let (t, t_sd) = moments(&sizes.iter().map(|s| s.transverse).collect::<Vec<_>>());
        let (ap, ap_sd) = moments(&sizes.iter().map(|s| s.anteroposterior).collect::<Vec<_>>());
        for (found, wanted) in [(t, 2.8), (t_sd, 1.9), (ap, 3.6), (ap_sd, 2.7)] {
            assert!((found / wanted - 1.0).abs() < 0.05, "{found} instead of {wanted}");
        }
        let small = sizes.iter().filter(|s| s.largest() <= 1.2).count() as f64 / 20_000.0;
        assert!((0.12..0.25).contains(&small), "{small}");
        assert!(sizes.iter().all(|s| s.transverse >= 0.5 && s.transverse <= 7.1 && s.anteroposterior <= 11.2));
    }
}
