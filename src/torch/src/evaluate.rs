//! Scores of images without training. Every batch has the same size, the last one filled up with repeats: libtorch picks
//! its algorithms by size, so only then is an image's score free of the company it came in.

use anyhow::Result;
use bgh::stage::predict::Eval;
use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::network::Net;

/// Images a batch.
pub const BATCH: usize = 32;

/// Class scores before the softmax, `f64 [n, classes]` on the CPU, for `images` (at most [`BATCH`] of them).
///
/// # Errors
/// When the images are smaller than the crop.
pub fn scores(net: &Net, data: &Dataset, images: &[usize], eval: Eval, crop: usize) -> Result<Tensor> {
    let filled: Vec<usize> = images.iter().copied().cycle().take(BATCH).collect();
    let input = match eval {
        Eval::CenterCrop => {
            let cuts = filled.iter().map(|&image| data.centre(image, crop)).collect::<Result<Vec<_>>>()?;
            data.squares(&cuts, crop)
        }
        Eval::Squash => data.squashed(&filled, crop),
    };
    let scores = net.scores(&input).narrow(0, 0, images.len() as i64);
    Ok(scores.to_device(tch::Device::Cpu).to_kind(Kind::Double))
}

/// Probabilities of the classes for inputs of any number, `f64`, an entry an input, computed in batches of [`BATCH`] like [`scores`].
///
/// # Errors
/// When libtorch gives no such numbers.
pub fn probabilities(net: &Net, inputs: &Tensor) -> Result<Vec<Vec<f64>>> {
    let count = inputs.size()[0];
    let mut all = Vec::with_capacity(count as usize);
    for from in (0..count).step_by(BATCH) {
        let picks: Vec<i64> = (from..(from + BATCH as i64).min(count)).collect();
        let filled: Vec<i64> = picks.iter().copied().cycle().take(BATCH).collect();
        let batch = inputs.index_select(0, &Tensor::from_slice(&filled).to_device(inputs.device()));
        let scores = net.scores(&batch).narrow(0, 0, picks.len() as i64).to_device(tch::Device::Cpu).to_kind(Kind::Double);
        let rows: Vec<Vec<f64>> = scores.softmax(1, Kind::Double).try_into()?;
        all.extend(rows);
    }
    Ok(all)
}

/// Mean loss and the share of right answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Mean of -ln p of the true class.
    pub loss: f64,
    /// Share of images whose most probable class is right, in [0, 1].
    pub accuracy: f64,
}

/// How well scores (`f64 [n, classes]`) meet labels (`i64 [n]`), summed over any number of batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    loss: f64,
    right: f64,
    images: f64,
}

impl Tally {
    /// Adds a batch.
    pub fn add(&mut self, scores: &Tensor, labels: &Tensor) {
        let labels = labels.to_device(scores.device());
        let of_truth = scores.log_softmax(1, Kind::Double).gather(1, &labels.unsqueeze(1), false);
        self.loss -= of_truth.sum(Kind::Double).double_value(&[]);
        self.right += scores.argmax(1, false).eq_tensor(&labels).sum(Kind::Double).double_value(&[]);
        self.images += labels.numel() as f64;
    }

    /// The means.
    pub fn quality(&self) -> Quality {
        Quality { loss: self.loss / self.images, accuracy: self.right / self.images }
    }
}

/// Quality on a whole set with centre crops.
///
/// # Errors
/// When the images are smaller than the crop.
pub fn quality(net: &Net, data: &Dataset, crop: usize) -> Result<Quality> {
    let mut tally = Tally::default();
    let all: Vec<usize> = (0..data.len()).collect();
    for images in all.chunks(BATCH) {
        tally.add(&scores(net, data, images, Eval::CenterCrop, crop)?, &data.labels(images.iter().copied()));
    }
    Ok(tally.quality())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_means_over_images_not_batches() {
        let mut tally = Tally::default();
        let even = Tensor::from_slice(&[0.0f64, 0.0]).reshape([1, 2]);
        let sure = Tensor::from_slice(&[3f64.ln(), 0.0, 3f64.ln(), 0.0]).reshape([2, 2]);
        tally.add(&even, &Tensor::from_slice(&[0i64]));
        tally.add(&sure, &Tensor::from_slice(&[0i64, 1]));
        let expected = (2f64.ln() - 0.75f64.ln() - 0.25f64.ln()) / 3.0;
        assert!((tally.quality().loss - expected).abs() < 1e-15);
        assert_eq!(tally.quality().accuracy, 2.0 / 3.0);
    }
}
