//! How weights start. Drawn here and not by libtorch, so that a seed means the same weights on every machine and device.

use bgh::seed::Seed;
use rand_distr::{Distribution, StandardNormal, Uniform};

/// Caffe's fillers of a layer: weights by a rule, bias constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// The rule for the weights.
    pub weight: Filler,
    /// Every bias.
    pub bias: f64,
}

/// A rule for the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Filler {
    /// N(0, std²), not truncated.
    Gaussian(f64),
    /// U(-a, a) with a = sqrt(3 / fan_in): Caffe's default variant, which leaves fan_out aside.
    Xavier,
}

impl Filler {
    /// The rule for a layer with `fan_in` inputs in place of the `published` number.
    ///
    /// A fixed deviation is tuned to the published fan-in. With fewer inputs the sums, and with them signal and gradients,
    /// would shrink layer by layer until nothing moves; a deviation times sqrt(published / fan_in) keeps their variance and is the
    /// published filler at the published size. Xavier adapts by itself.
    pub fn adapted(self, published: i64, fan_in: i64) -> Self {
        match self {
            Self::Gaussian(std) => Self::Gaussian(std * (published as f64 / fan_in as f64).sqrt()),
            Self::Xavier => self,
        }
    }

    /// `count` weights from the stream `seed`.
    pub fn draw(self, seed: Seed, count: usize, fan_in: i64) -> Vec<f32> {
        let mut rng = seed.rng();
        match self {
            Self::Gaussian(std) => {
                let normal = StandardNormal.sample_iter(&mut rng);
                normal.map(|value: f64| (std * value) as f32).take(count).collect()
            }
            Self::Xavier => {
                let bound = (3.0 / fan_in as f64).sqrt();
                let uniform = Uniform::new(-bound, bound).expect("BUG: a layer without inputs");
                uniform.sample_iter(&mut rng).map(|value| value as f32).take(count).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        (mean, (values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count).sqrt())
    }

    #[test]
    fn gaussian_has_its_deviation_and_widens_for_a_smaller_fan_in() {
        let filler = Filler::Gaussian(0.01).adapted(400, 100);
        assert_eq!(filler, Filler::Gaussian(0.02));
        let (mean, deviation) = moments(&filler.draw(Seed::root(1), 40_000, 100));
        assert!(mean.abs() < 4e-4 && (deviation - 0.02).abs() < 3e-4, "{mean} {deviation}");
    }

    #[test]
    fn xavier_is_uniform_to_sqrt_three_over_fan_in() {
        let values = Filler::Xavier.draw(Seed::root(1), 40_000, 147);
        let (_, deviation) = moments(&values);
        let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        assert!((deviation - (1.0f64 / 147.0).sqrt()).abs() < 1e-3 && largest <= 0.14285715, "{deviation} {largest}");
    }
}
