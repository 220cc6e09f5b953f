//! Blur with a Gaussian: ImageJ "Gaussian Blur...".
//!
//! The kernel is cut where it falls below an accuracy, and its tail is bent to a parabola that reaches 0 there, so that the
//! cut leaves no step. Rows first, then columns, in single precision, as that program computes; beyond the border lies the nearest edge
//! pixel. Above σ = 8.5 ImageJ works on a reduced copy, which is why larger blurs are refused here rather than made differently.

use super::{Image, Op, OpKind, Parameter};

pub(super) const SIGMA: Parameter = Parameter { name: "sigma", unit: "pixels", least: 0.1, most: 8.5 };

pub(super) const OP: Op = Op {
    name: "blur",
    doc: "Gaussian blur of this standard deviation",
    kind: OpKind::Filter,
    parameters: &[SIGMA],
    apply: |image, arguments| gaussian_blur(image, arguments[0]),
};

/// The accuracy that ImageJ takes for 8-bit images.
const ACCURACY: f64 = 0.002;

fn gaussian_blur(image: &Image, sigma: f64) -> Image {
    let values = blurred(image, sigma, ACCURACY);
    Image::new(image.width(), image.height(), values.iter().map(|value| (value + 0.5) as u8).collect())
}

/// The blurred grey levels before rounding, row after row.
pub(super) fn blurred(image: &Image, sigma: f64, accuracy: f64) -> Vec<f32> {
    let kernel = kernel(sigma, accuracy);
    let (width, height) = (image.width(), image.height());
    let mut values: Vec<f32> = image.pixels().iter().map(|&grey| f32::from(grey)).collect();
    for row in values.chunks_exact_mut(width) {
        convolve(row, &kernel);
    }
    let mut column = vec![0.0; height];
    for x in 0..width {
        (0..height).for_each(|y| column[y] = values[y * width + x]);
        convolve(&mut column, &kernel);
        (0..height).for_each(|y| values[y * width + x] = column[y]);
    }
    values
}

fn convolve(line: &mut [f32], kernel: &[f32]) {
    let reach = kernel.len() - 1;
    let [first, last] = [line[0], line[line.len() - 1]];
    let padded = [vec![first; reach], line.to_vec(), vec![last; reach]].concat();
    for (value, near) in line.iter_mut().zip(padded.windows(2 * reach + 1)) {
        *value = (1..=reach).fold(near[reach] * kernel[0], |sum, k| sum + (near[reach - k] + near[reach + k]) * kernel[k]);
    }
}

/// Half a kernel from the centre outwards; the whole sums to 1.
fn kernel(sigma: f64, accuracy: f64) -> Vec<f32> {
    let taps = (sigma * (-2.0 * accuracy.ln()).sqrt()).ceil() as usize + 1;
    let mut kernel: Vec<f64> = (0..taps).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    if taps > 3 {
        bend_tail(&mut kernel);
    }
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f64>();
    kernel.iter().map(|value| (value / sum) as f32).collect()
}

/// Replaces the tail by the flattest parabola a²·(taps - i)² that meets the Gaussian in its outer half.
fn bend_tail(kernel: &mut [f64]) {
    let taps = kernel.len();
    let (mut slope, mut joint) = (f64::INFINITY, taps / 2);
    for i in (taps / 2..taps).rev() {
        let here = kernel[i].sqrt() / (taps - i) as f64;
        if here >= slope {
            joint = i;
            break;
        }
        slope = here;
    }
    for (i, value) in kernel.iter_mut().enumerate().skip(joint + 2) {
        *value = ((taps - i) as f64 * slope).powi(2);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(gaussian_blur(&golden("input"), 1.0), golden("gaussian_blur_sigma1"));
        assert_eq!(gaussian_blur(&golden("input"), 2.0), golden("gaussian_blur_sigma2"));
    }

    #[test]
    fn the_taps_of_imagej() {
        let close = |sigma, taps: &[f32]| {
            let kernel = kernel(sigma, ACCURACY);
            assert_eq!(kernel.len(), taps.len());
            kernel.iter().zip(taps).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} is not {b}"));
        };
        close(1.0, &[0.398943, 0.241971, 0.053991, 0.004432, 0.000134]);
        close(2.0, &[0.199475, 0.176036, 0.120987, 0.064760, 0.026996, 0.008764, 0.002216, 0.000436, 0.000067]);
    }
}
