//! How weights start. Drawn here and not by libtorch, so that a seed means the same weights on every machine and device.

use bgh::seed::Seed;
use rand_distr::{Distribution, StandardNormal, Uniform};

/// How the weights and the bias of a layer start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// The rule for the weights.
    pub weight: Filler,
    /// The rule for the bias, where the layer has one.
    pub bias: Option<Filler>,
}

/// How many values meet in a unit of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fan {
    /// Inputs of one output: input channels of a group times the kernel's area.
    pub input: i64,
    /// Outputs of one input: output channels times the kernel's area.
    pub output: i64,
}

/// How a tensor starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Filler {
    /// All equal.
    Constant(f64),
    /// N(0, std²), not truncated. (torchvision's `trunc_normal_(std=0.01, a=-2, b=2)` cuts at 200 deviations: the same.)
    Gaussian(f64),
    /// U(-a, a) with a = sqrt(3 / fan_in): Caffe's default variant, which leaves fan_out aside.
    Xavier,
    /// U(-a, a) with a = 1 / sqrt(fan_in): what PyTorch gives weights and biases unless told otherwise.
    Torch,
    /// N(0, 2 / fan_in) (He et al. 2015).
    HeIn,
    /// N(0, 2 / fan_out) (He et al. 2015).
    HeOut,
}

impl Filler {
    /// The rule for a layer with `fan_in` inputs in place of the `published` number.
    ///
    /// A fixed deviation is tuned to the published fan-in. With fewer inputs the sums, and with them signal and gradients,
    /// would shrink layer by layer until nothing moves; a deviation times sqrt(published / fan_in) keeps their variance and is the
    /// published filler at the published size. The others adapt by themselves.
    pub fn adapted(self, published: Fan, fan: Fan) -> Self {
        match self {
            Self::Gaussian(std) => Self::Gaussian(std * (published.input as f64 / fan.input as f64).sqrt()),
            other => other,
        }
    }

    /// `count` values from the stream `seed`.
    pub fn draw(self, seed: Seed, count: usize, fan: Fan) -> Vec<f32> {
        let (input, output) = (fan.input as f64, fan.output as f64);
        match self {
            Self::Constant(value) => vec![value as f32; count],
            Self::Gaussian(std) => gaussian(std, seed, count),
            Self::Xavier => uniform((3.0 / input).sqrt(), seed, count),
            Self::Torch => uniform(1.0 / input.sqrt(), seed, count),
            Self::HeIn => gaussian((2.0 / input).sqrt(), seed, count),
            Self::HeOut => gaussian((2.0 / output).sqrt(), seed, count),
        }
    }
}

fn gaussian(std: f64, seed: Seed, count: usize) -> Vec<f32> {
    let normal = StandardNormal.sample_iter(seed.rng());
    normal.map(|value: f64| (std * value) as f32).take(count).collect()
}

fn uniform(bound: f64, seed: Seed, count: usize) -> Vec<f32> {
    let uniform = Uniform::new(-bound, bound).expect("BUG: a layer without inputs");
    uniform.sample_iter(seed.rng()).map(|value| value as f32).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        (mean, (values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count).sqrt())
    }

    fn drawn(filler: Filler, input: i64, output: i64) -> Vec<f32> {
        filler.draw(Seed::root(1), 40_000, Fan { input, output })
    }

    #[test]
    fn gaussian_has_its_deviation_and_widens_for_a_smaller_fan_in() {
        let [published, narrow] = [400, 100].map(|input| Fan { input, output: 1 });
        let filler = Filler::Gaussian(0.01).adapted(published, narrow);
        assert_eq!(filler, Filler::Gaussian(0.02));
        let (mean, deviation) = moments(&filler.draw(Seed::root(1), 40_000, narrow));
        assert!(mean.abs() < 4e-4 && (deviation - 0.02).abs() < 3e-4, "{mean} {deviation}");
    }

    #[test]
    fn uniform_rules_stay_within_their_bound_and_fill_it() {
        for (filler, bound) in [(Filler::Xavier, (3.0f64 / 147.0).sqrt()), (Filler::Torch, (1.0f64 / 147.0).sqrt())] {
            let values = drawn(filler, 147, 10);
            let (_, deviation) = moments(&values);
            let largest = values.iter().fold(0f64, |largest, value| largest.max(f64::from(value.abs())));
            assert!((deviation * 3f64.sqrt() / bound - 1.0).abs() < 0.02, "{filler:?}: {deviation}");
            assert!(largest <= bound * 1.000_001 && largest > 0.999 * bound, "{filler:?}: {largest}");
        }
    }

    #[test]
    fn he_deviations_follow_their_fan() {
        for (filler, expected) in [(Filler::HeIn, 0.1), (Filler::HeOut, 0.05)] {
            let (_, deviation) = moments(&drawn(filler, 200, 800));
            assert!((deviation / expected - 1.0).abs() < 0.02, "{filler:?}: {deviation}");
        }
    }
}
