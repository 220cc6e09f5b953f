//! The arithmetic of the layers in libtorch's operations. Training, prediction and the golden cases all pass through here.

use tch::{Device, Kind, Tensor};

use super::graph::{Pooling, Rounding, Window};

/// Constants of a local response normalisation across channels (k = 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrnConstants {
    /// Channels in the sum.
    pub size: i64,
    /// Weight of the mean square.
    pub alpha: f64,
    /// Exponent.
    pub beta: f64,
}

/// What both Caffe networks use.
pub const LRN: LrnConstants = LrnConstants { size: 5, alpha: 1e-4, beta: 0.75 };

/// Cross-correlation with zero padding, sizes rounded down.
pub fn convolution(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: Window, groups: i64) -> Tensor {
    let Window { stride, pad, .. } = window;
    x.conv2d(weight, bias, [stride, stride], [pad, pad], [1, 1], groups)
}

/// Matrix product on each image flattened as C, H, W.
pub fn inner_product(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
    x.flatten(1, -1).linear(weight, bias)
}

/// Pooling. Where sizes are rounded up, Caffe drops a window that starts in the padding only where there is padding; libtorch always
/// does, which differs for stride > kernel alone.
pub fn pool(x: &Tensor, method: Pooling, window: Window, rounding: Rounding) -> Tensor {
    let (Window { kernel, stride, pad }, up) = (window, rounding == Rounding::Up);
    match method {
        Pooling::Max => x.max_pool2d([kernel, kernel], [stride, stride], [pad, pad], [1, 1], up),
        Pooling::Average => x.avg_pool2d([kernel, kernel], [stride, stride], [pad, pad], up, true, None::<i64>),
    }
}

/// A local response normalisation for a number of channels:
/// y_c = x_c · (1 + (α/n)·Σ x_j²)^(-β), j over the n channels around c that exist (Krizhevsky 2012, with Caffe's α/n and k = 1).
///
/// The sum over neighbours is a convolution of one pixel whose weights are a band of α/n, with the 1 as its bias: two to three times as fast
/// as the same sum by pooling along the channels.
#[derive(Debug)]
pub struct Lrn {
    band: Tensor,
    one: Tensor,
    beta: f64,
}

impl Lrn {
    /// For inputs of so many channels.
    pub fn new(constants: LrnConstants, channels: i64, device: Device) -> Self {
        let LrnConstants { size, alpha, beta } = constants;
        let share = (alpha / size as f64) as f32;
        let near = |place: i64| (place / channels - place % channels).abs() <= size / 2;
        let band: Vec<f32> = (0..channels * channels).map(|place| if near(place) { share } else { 0.0 }).collect();
        let band = Tensor::from_slice(&band).reshape([channels, channels, 1, 1]).to_device(device);
        Self { band, one: Tensor::ones([channels], (Kind::Float, device)), beta }
    }

    /// The normalised `x`, `[B, C, H, W]`.
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let scale = x.square().conv2d(&self.band, Some(&self.one), [1, 1], [0, 0], [1, 1], 1);
        x * scale.pow_tensor_scalar(-self.beta)
    }
}

/// Scale, shift and running statistics of a batch normalisation, each `[C]`.
#[derive(Debug)]
pub struct BatchNorm {
    /// γ.
    pub weight: Tensor,
    /// β.
    pub bias: Tensor,
    /// Running mean.
    pub mean: Tensor,
    /// Running variance, divided by n - 1.
    pub variance: Tensor,
    /// Batches that entered the two, one whole number.
    pub count: Tensor,
    /// Added to the variance.
    pub epsilon: f64,
}

impl BatchNorm {
    /// Share of a batch in the running statistics; PyTorch's default.
    const MOMENTUM: f64 = 0.1;

    /// y = γ·(x - mean) / sqrt(variance + ε) + β for `x`, `[B, C, H, W]` (Ioffe and Szegedy 2015): with the batch's own moments in
    /// training, which also move the running ones, and with the running ones otherwise.
    pub fn apply(&self, x: &Tensor, training: bool) -> Tensor {
        if training {
            tch::no_grad(|| drop(self.count.shallow_clone().g_add_scalar_(1)));
        }
        let [weight, bias, mean, variance] = [&self.weight, &self.bias, &self.mean, &self.variance].map(Some);
        x.batch_norm(weight, bias, mean, variance, training, Self::MOMENTUM, self.epsilon, true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn tensor(value: &Value) -> Tensor {
        let data: Vec<f32> = serde_json::from_value(value["data"].clone()).expect("golden data");
        let shape: Vec<i64> = serde_json::from_value(value["shape"].clone()).expect("golden shape");
        Tensor::from_slice(&data).reshape(shape)
    }

    fn channels_last(x: &Tensor) -> Tensor {
        x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
    }

    fn normalised(x: &Tensor, constants: LrnConstants) -> Tensor {
        Lrn::new(constants, x.size()[1], Device::Cpu).apply(x)
    }

    fn window(params: &Value) -> Window {
        let side = |name| params[name].as_i64().expect("golden window");
        Window { kernel: side("kernel"), stride: side("stride"), pad: side("pad") }
    }

    fn inception(case: &Value, x: &Tensor) -> Tensor {
        let conv = |x: &Tensor, name: &str, pad| {
            let weight = tensor(&case[format!("{name}.weight")]);
            let kernel = weight.size()[2];
            let bias = tensor(&case[format!("{name}.bias")]);
            convolution(x, &weight, Some(&bias), Window { kernel, stride: 1, pad }, 1).relu()
        };
        let pooled = pool(x, Pooling::Max, Window { kernel: 3, stride: 1, pad: 1 }, Rounding::Up);
        let branches =
            [conv(x, "b1", 0), conv(&conv(x, "b2r", 0), "b2", 1), conv(&conv(x, "b3r", 0), "b3", 2), conv(&pooled, "b4", 0)];
        Tensor::cat(&branches, 1)
    }

    fn computed(case: &Value) -> Tensor {
        let (x, params) = (tensor(&case["input"]), &case["params"]);
        let x = if case["channels_last"] == true && x.dim() == 4 { channels_last(&x) } else { x };
        let (weight, bias) = (|| tensor(&case["weight"]), || tensor(&case["bias"]));
        match case["op"].as_str().expect("golden op") {
            "lrn_across_channels" => {
                let number = |name: &str| params[name].as_f64().expect("golden constant");
                let size = number("local_size") as i64;
                normalised(&x, LrnConstants { size, alpha: number("alpha"), beta: number("beta") })
            }
            "max_pool_caffe" => pool(&x, Pooling::Max, window(params), Rounding::Up),
            "ave_pool_caffe" => pool(&x, Pooling::Average, window(params), Rounding::Up),
            "conv" => convolution(&x, &weight(), Some(&bias()), window(params), params["group"].as_i64().expect("groups")),
            "inner_product" => inner_product(&x, &weight(), Some(&bias())),
            "softmax" => x.softmax(1, Kind::Float),
            "inception" => inception(case, &x),
            "stem" => {
                let conv = convolution(&x, &weight(), Some(&bias()), Window { kernel: 3, stride: 1, pad: 0 }, 1).relu();
                pool(&normalised(&conv, LRN), Pooling::Max, Window { kernel: 3, stride: 2, pad: 0 }, Rounding::Up)
            }
            other => panic!("golden case of unknown op {other}"),
        }
    }

    /// Reference values: OpenCV 4.13.0's Caffe importer.
    #[test]
    fn every_golden_case_is_reproduced() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/golden/caffe_layers.json")).expect("golden file");
        let cases = golden["cases"].as_array().expect("cases");
        assert_eq!(cases.len(), 21);
        for case in cases {
            for channels_last in [false, true] {
                let mut case = case.clone();
                case["channels_last"] = channels_last.into();
                let (ours, theirs) = (computed(&case), tensor(&case["output"]));
                assert_eq!(ours.size(), theirs.size(), "{}", case["id"]);
                let largest = theirs.abs().max().double_value(&[]).max(1.0);
                let worst = (&ours - &theirs).abs().max().double_value(&[]);
                assert!(worst <= 1e-5 * largest, "{}: off by {worst}", case["id"]);
            }
        }
    }
}
