//! What a network was published to see. The grey image is the same for all; how it becomes three channels of numbers belongs to the
//! network, because weights learnt elsewhere mean something only behind the input that they were learnt with.

use tch::Tensor;

use crate::mean::Mean;

/// How grey values 0..=255 become a network's input, the same values or statistics for each of three equal channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input {
    /// Grey value minus the training set's mean image at the same position: Caffe's zoo and DIGITS.
    MeanImage,
    /// (grey/255 - mean) / deviation, red, green, blue; no mean image: torchvision.
    Normalised {
        /// Of each channel, in [0, 1].
        mean: [f64; 3],
        /// Of each channel.
        deviation: [f64; 3],
    },
}

impl Input {
    /// Mean and deviation of ImageNet's colours, which torchvision's weights expect.
    pub const IMAGENET: Self = Self::Normalised { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
    /// [0, 1] to [-1, 1], which weights ported from TensorFlow expect (torchvision's GoogLeNet with `transform_input`).
    pub const SIGNED: Self = Self::Normalised { mean: [0.5; 3], deviation: [0.5; 3] };

    /// What a data set subtracts from its pixels: `mean` itself, or zero where the network normalises by constants.
    pub fn reference(self, mean: Mean) -> Mean {
        match self {
            Self::MeanImage => mean,
            Self::Normalised { .. } => Mean { pixels: vec![0; mean.pixels.len()], ..mean },
        }
    }

    /// The first layer for pixels minus the reference, `f32 [B, 3, H, W]`.
    pub(super) fn apply(self, pixels: &Tensor) -> Tensor {
        let Self::Normalised { mean, deviation } = self else { return pixels.shallow_clone() };
        let scale = deviation.map(|deviation| 1.0 / (255.0 * deviation));
        let shift = [0, 1, 2].map(|channel| -mean[channel] / deviation[channel]);
        let like_pixels = |values: [f64; 3]| {
            Tensor::from_slice(&values).reshape([1, 3, 1, 1]).to_device(pixels.device()).to_kind(pixels.kind())
        };
        pixels * like_pixels(scale) + like_pixels(shift)
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn white(input: Input) -> [f64; 3] {
        let seen = input.apply(&Tensor::full([1, 3, 2, 2], 255.0, (tch::Kind::Float, Device::Cpu)));
        [0, 1, 2].map(|channel| seen.double_value(&[0, channel, 1, 1]))
    }

    #[test]
    fn white_is_what_the_publishers_make_of_it() {
        assert_eq!(white(Input::MeanImage), [255.0; 3]);
        assert_eq!(white(Input::SIGNED), [1.0; 3]);
        let expected = [(1.0 - 0.485) / 0.229, (1.0 - 0.456) / 0.224, (1.0 - 0.406) / 0.225];
        assert!(white(Input::IMAGENET).iter().zip(expected).all(|(ours, theirs)| (ours - theirs).abs() < 1e-6));
    }

    #[test]
    fn only_caffe_takes_the_mean_image_away() {
        let mean = || Mean { height: 1, width: 2, pixels: vec![7, 9] };
        assert_eq!(Input::MeanImage.reference(mean()), mean());
        assert_eq!(Input::IMAGENET.reference(mean()).pixels, [0, 0]);
    }
}
