//! Sharpening by taking a share of a blurred copy away: ImageJ "Unsharp Mask...".

use super::gaussian_blur::{SIGMA, blurred};
use super::{Image, Op, OpKind, Parameter};

pub(super) const OP: Op = Op {
    name: "unsharp_mask",
    doc: "the image less a share of its Gaussian blur",
    kind: OpKind::Filter,
    parameters: &[SIGMA, Parameter { name: "weight", unit: "", least: 0.0, most: 0.99 }],
    apply: |image, arguments| unsharp_mask(image, arguments[0], arguments[1] as f32),
};

/// ImageJ cuts this blur's kernel earlier than that of its Gaussian filter.
const ACCURACY: f64 = 0.01;

/// (I - w·G) / (1 - w), rounded and clamped.
fn unsharp_mask(image: &Image, sigma: f64, weight: f32) -> Image {
    let blurred = blurred(image, sigma, ACCURACY);
    let sharper = |(&grey, blurred): (&u8, f32)| (f32::from(grey) - weight * blurred) / (1.0 - weight);
    let pixels = image.pixels().iter().zip(blurred).map(sharper).map(|value| (value + 0.5) as u8).collect();
    Image::new(image.width(), image.height(), pixels)
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(unsharp_mask(&golden("input"), 1.0, 0.6), golden("unsharp_mask_r1_w0.6"));
    }

    #[test]
    fn no_weight_changes_nothing() {
        assert_eq!(unsharp_mask(&golden("input"), 2.0, 0.0), golden("input"));
    }
}
